"""Log-mel spectrum: the encoder without a model, and the floor for the learned ones.

25 ms Hann windows centred on the middle of each 20 ms bin, 80 mel bands from 0 to 8 kHz, powers
in bels (log10) from -3 to 3, where 3 is the loudest value of the recording: 60 dB of range,
whatever the recording level. Band means are not subtracted: that would erase a sustained sound,
and on the phantom it made articulation harder to read.
"""

import numpy as np
import torch
from torchaudio.functional import melscale_fbanks

from s2r.core.units import HOP, SAMPLE_RATE
from s2r.speech.encoder import Encoder

BANDS = 80
WINDOW = 400
FFT_SIZE = 512
RANGE_BELS = 6.0
SILENCE_BELS = -10.0
"""Level that stands for digital silence."""


def load() -> Encoder:
    """The log-mel encoder, 80 values per bin."""
    description = {"kind": "logmel", "window_samples": WINDOW, "range_bels": RANGE_BELS}
    return Encoder(BANDS, description, log_mel)


def log_mel(waveform: np.ndarray) -> np.ndarray:
    """Log-mel spectrum (N // 320, 80) float32 in [-3, 3] bels of a waveform (N,) at 16 kHz."""
    padding = (FFT_SIZE - HOP) // 2
    padded = torch.nn.functional.pad(torch.from_numpy(waveform), (padding, padding))
    spectrum = torch.stft(
        padded,
        n_fft=FFT_SIZE,
        hop_length=HOP,
        win_length=WINDOW,
        window=torch.hann_window(WINDOW),
        center=False,
        return_complex=True,
    )
    filters = melscale_fbanks(
        n_freqs=FFT_SIZE // 2 + 1,
        f_min=0.0,
        f_max=SAMPLE_RATE / 2,
        n_mels=BANDS,
        sample_rate=SAMPLE_RATE,
        norm="slaney",
        mel_scale="slaney",
    )
    power = spectrum.abs().square().T @ filters
    bels = power.clamp(min=10**SILENCE_BELS).log10()
    loudest = max(float(bels.max()), SILENCE_BELS + RANGE_BELS)
    return (bels - loudest + RANGE_BELS / 2).clamp(min=-RANGE_BELS / 2).numpy()
