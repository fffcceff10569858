"""Stage 2, frozen speech encoders: waveform (N,) at 16 kHz to embeddings (N // 320, D) at 50 Hz."""
