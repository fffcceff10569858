"""Speech played more slowly at the same pitch, piece by piece (ffmpeg's filter ``atempo``)."""

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from math import ceil, log2

import av
import numpy as np
from av.filter import Graph

WINDOW = 0.023
"""Seconds, at least, of the waveforms that overlap: two periods of a voice of 90 Hz."""

SLOWEST_STEP = Fraction(2)
"""What one filter can do; several follow each other."""


class SlowSound:
    """Stretch mono sound in time by ``factor``, 1 or more; waveforms overlap and add (WSOLA).

    An event comes at ``factor`` times its time, its beginning up to a window (23 to 46 ms of the
    given sound) early.

    >>> slow = SlowSound(16_000, Fraction(4))
    >>> [*slow.pieces(samples), *slow.rest()]
    """

    def __init__(self, rate: int, factor: Fraction):
        # The filter takes a window of the first power of two above a 24th of the rate that it is
        # told, about 60 ms of speech. It is told a lower one: nothing else depends on it.
        window = 2 ** ceil(log2(WINDOW * rate))
        self._rate, self._factor = 18 * window, factor
        self._given = self._made = 0
        self._graph = Graph()
        source = self._graph.add_abuffer(
            sample_rate=self._rate,
            format="fltp",
            layout="mono",
            time_base=Fraction(1, self._rate),
        )
        steps = 0
        while factor > SLOWEST_STEP ** (steps + 1):
            steps += 1
        last = factor / SLOWEST_STEP**steps
        tempos = [1 / SLOWEST_STEP] * steps + [1 / last]
        filters = [self._graph.add("atempo", f"{float(tempo):.9f}") for tempo in tempos]
        self._graph.link_nodes(source, *filters, self._graph.add("abuffersink")).configure()

    def pieces(self, samples: np.ndarray) -> Iterator[np.ndarray]:
        """Give sound (n,) float32; what is ready of the slower sound, (m,) float32 pieces."""
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples, np.float32)[None], format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = self._rate, self._given
        frame.time_base = Fraction(1, self._rate)
        self._given += len(samples)
        self._graph.push(frame)
        yield from self._ready()

    def rest(self) -> Iterator[np.ndarray]:
        """What is left, filled up with silence to ``factor`` times the length that was given."""
        if self._given:
            self._graph.push(None)
            yield from self._ready()
            # The filter leaves out a part of its last window.
            yield np.zeros(max(self._whole - self._made, 0), np.float32)

    @property
    def _whole(self) -> int:
        return round(self._given * self._factor)

    def _ready(self) -> Iterator[np.ndarray]:
        with contextlib.suppress(av.error.BlockingIOError, av.error.EOFError):
            while True:
                found = self._graph.pull().to_ndarray()[0]
                self._made += len(found)
                yield found
