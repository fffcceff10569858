"""Frozen speech encoders: waveform (N,) at 16 kHz in, embeddings (N // 320, D) at 50 Hz out."""
