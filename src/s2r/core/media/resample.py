"""Sound at another rate: a whole recording at once, or block by block."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np

from s2r.core.units import SAMPLE_RATE


def resample(audio: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """Band-limited change of the sample rate: (N,) -> (ceil(N * to_rate / from_rate),) float32."""
    audio = np.ascontiguousarray(audio, np.float32)
    if from_rate == to_rate:
        return audio
    ratio = Fraction(to_rate, from_rate)
    if ratio.numerator * ratio.denominator > 1_000_000:
        # Rates without a common factor, such as 16001 Hz: the table of torchaudio would take GB.
        from scipy.signal import resample_poly

        return resample_poly(audio, ratio.numerator, ratio.denominator)
    import torch  # here: it takes seconds to load
    from torchaudio.functional import resample as sinc_resample

    return sinc_resample(torch.from_numpy(audio), from_rate, to_rate).numpy()


def to_clock(blocks: Iterable[np.ndarray], rate: int) -> Iterator[np.ndarray]:
    """Blocks of sound at ``rate`` to blocks at 16 kHz; together they are as long."""
    return converted(blocks, rate, SAMPLE_RATE)


def converted(blocks: Iterable[np.ndarray], rate: int, new_rate: int) -> Iterator[np.ndarray]:
    """Blocks of sound at ``rate`` to blocks at ``new_rate``; together they are as long."""
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=new_rate)
    count = 0
    for block in blocks:
        frame = av.AudioFrame.from_ndarray(block[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, count, Fraction(1, rate)
        count += len(block)
        for made in resampler.resample(frame):
            yield made.to_ndarray()[0]
    if count:
        for made in resampler.resample(None):
            yield made.to_ndarray()[0]
