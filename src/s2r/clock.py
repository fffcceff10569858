"""The one clock: frame t and embedding t describe the 20 ms bin centred at 20 t + 10 ms."""

FRAME_RATE = 50
"""Video frames and embeddings per second."""

SAMPLE_RATE = 16_000
"""Audio samples per second, mono."""

FRAME_SIZE = 64
"""Height and width of a frame in pixels."""


def frames_in(samples: int, sample_rate: int = SAMPLE_RATE, frame_rate: int = FRAME_RATE) -> int:
    """Whole frames that ``samples`` audio samples fill."""
    return samples * frame_rate // sample_rate
