"""Pieces of sound, laid onto an even clock by their time stamps."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby

import av
import numpy as np

from s2r.core.media.resample import converted

TOLERANCE = 0.01
"""Seconds by which a time stamp may differ from the end of the sound before it: some containers
round their stamps to milliseconds, and none of them means a gap."""

LONGEST_GAPS = 300.0
"""Seconds of silence that stamps may ask for beyond the length of the sound so far."""

BLOCK = 1 << 16
"""Samples of silence handed on at a time."""


@dataclass(frozen=True)
class Piece:
    """Decoded sound."""

    time: float | None
    """When it begins, s; None: where the piece before it ends."""
    samples: np.ndarray
    """(n,) float32."""
    rate: int
    """Samples per second."""


def on_clock(
    pieces: Iterable[Piece], rate: int, zero: float | None, missing: list[float]
) -> Iterator[np.ndarray]:
    """Blocks (n,) of sound at ``rate``; their first sample is at the time ``zero``.

    Pieces at another rate are resampled. Where stamps leave a gap there is silence, whose length
    in s is added to ``missing`` except before the first piece; of what overlaps, and of what lies
    before ``zero``, the first part is left out. Without ``zero``, the first piece is it.

    Raises ValueError where the stamps ask for more silence than LONGEST_GAPS allows.
    """
    count = filled = 0
    for first, samples in _runs(pieces):
        if zero is None and first.time is not None:
            zero = first.time - count / rate
        late = 0 if first.time is None else round((first.time - zero) * rate) - count
        if late > 0:
            filled += late
            if filled > count + LONGEST_GAPS * rate:
                raise ValueError(
                    f"its sound begins {late / rate:.0f} s after its first frame"
                    if not count
                    else f"its sound has gaps of {filled / rate:.0f} s"
                )
            if count:
                missing.append(late / rate)
            for start in range(0, late, BLOCK):
                yield np.zeros(min(BLOCK, late - start), np.float32)
            count += late
        skipped = max(0, -late)
        for block in samples if first.rate == rate else converted(samples, first.rate, rate):
            kept = block[skipped:]
            skipped -= len(block) - len(kept)
            count += len(kept)
            if len(kept):
                yield kept


def _runs(pieces: Iterable[Piece]) -> Iterator[tuple[Piece, Iterator[np.ndarray]]]:
    """Runs of pieces of one rate that follow each other: the first piece, and all samples."""
    number, end, rate = 0, None, None

    def run_of(piece: Piece) -> int:
        nonlocal number, end, rate
        known = piece.time is not None and end is not None
        if piece.rate != rate or (known and abs(piece.time - end) > TOLERANCE):
            number, rate, end = number + 1, piece.rate, piece.time
        elif end is None:
            end = piece.time
        if end is not None:
            end += len(piece.samples) / piece.rate
        return number

    for _, run in groupby(pieces, run_of):
        first = next(run)
        yield first, (piece.samples for piece in chain([first], run))


def to_the_end(
    blocks: Iterable[np.ndarray],
    container: av.container.InputContainer,
    sound: av.AudioStream,
    zero: float | None,
    rate: int,
) -> Iterator[np.ndarray]:
    """Blocks of sound from ``zero`` up to the end that MP4 and MOV files know.

    The last packet of a lossy codec is padded: that is left out.
    """
    end = 0
    if sound.duration and container.format.name.startswith("mov"):
        seconds = float(((sound.start_time or 0) + sound.duration) * sound.time_base)
        end = max(0, round((seconds - (zero or 0.0)) * rate))
    count, last = 0, np.empty(0, np.float32)
    for block in blocks:
        if len(last):
            yield last
        count, last = count + len(block), block
    padding = count - end if end and 0 < count - end < sound.codec_context.frame_size else 0
    yield last[: len(last) - padding]
