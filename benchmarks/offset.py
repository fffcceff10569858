"""How well the delay between sound and picture is found, on the phantom.

    python benchmarks/offset.py [--speakers 10] [--seconds 6] [--noise 0]

Every recording is given known delays; the sound of another recording shows how often the estimate
is sure where there is nothing to find. Grey noise of a standard deviation of ``--noise`` (of 255)
can be added to the pictures.
"""

import argparse
from dataclasses import replace

import numpy as np

from s2r.core.media.resample import resample
from s2r.core.progress import progress
from s2r.core.units import FRAME_RATE, SAMPLE_RATE
from s2r.corpus.phantom.acoustics import SAMPLE_RATE as PHANTOM_RATE
from s2r.corpus.phantom.stimuli import PROFILES
from s2r.corpus.phantom.writer import FRAME_PERIOD, record
from s2r.preparation.offsets import estimate_offset
from s2r.preparation.pictures import intensity_range, retime, scale_levels, shrink

STIMULI = (("vcv1", 1), ("rainbow", 1), ("topic1", None))
DELAYS = (0.0, 0.06, -0.12, 0.25)
"""s."""


def prepared(speaker: int, stimulus: str, repetition: int | None, seconds: float):
    """Frames (T, 64, 64) uint8 and sound (320 T,) of one phantom recording."""
    profile = replace(PROFILES["tiny"], scripted_seconds=seconds, spontaneous_seconds=seconds)
    take = record(speaker, stimulus, 1, profile, repetition)
    frames = retime(shrink(take.frames, 64), 1 / FRAME_PERIOD)
    audio = resample(take.wave, PHANTOM_RATE, SAMPLE_RATE)
    hop = SAMPLE_RATE // FRAME_RATE
    count = min(len(frames), len(audio) // hop)
    return scale_levels(frames[:count], *intensity_range(frames, (0.5, 99.5))), audio[: hop * count]


def errors(takes: list, delays: tuple[float, ...] = DELAYS) -> np.ndarray:
    """(recordings, delays) errors in s, NaN where the estimate is not sure."""
    return np.array(
        [
            [estimate_offset(f, np.roll(a, round(d * SAMPLE_RATE)))[0] - d for d in delays]
            for f, a in progress(takes, "known delays")
        ]
    )


def false_alarms(takes: list, others: int = 3) -> np.ndarray:
    """(recordings, others) whether the estimate is sure with the sound of another recording."""
    hop, step = SAMPLE_RATE // FRAME_RATE, max(1, len(takes) // (others + 1))
    found = []
    for place, (frames, _) in enumerate(takes):
        row = []
        for k in range(1, others + 1):
            audio = takes[(place + k * step) % len(takes)][1]
            count = min(len(frames), len(audio) // hop)
            row.append(np.isfinite(estimate_offset(frames[:count], audio[: hop * count])[0]))
        found.append(row)
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--speakers", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--noise", type=float, default=0.0)
    options = parser.parse_args()
    jobs = [(k + 1, *stimulus) for k in range(options.speakers) for stimulus in STIMULI]
    takes = [prepared(*job, options.seconds) for job in progress(jobs, "phantom")]
    rng = np.random.default_rng(0)
    takes = [
        (np.clip(f + rng.normal(0, options.noise, f.shape), 0, 255).astype(np.uint8), a)
        for f, a in takes
    ]
    error = errors(takes)
    sure = 1000 * error[np.isfinite(error)]
    wrong = false_alarms(takes)
    print(
        f"phantom, {len(takes)} recordings of about {options.seconds:g} s, "
        f"noise {options.noise:g}: sure in {len(sure)} of {error.size} cases"
    )
    if len(sure):
        print(
            f"error: median {np.median(sure):.1f} ms; absolute: median "
            f"{np.median(abs(sure)):.1f}, 90 % below {np.quantile(abs(sure), 0.9):.1f}, "
            f"largest {abs(sure).max():.1f} ms"
        )
    print(f"sound of another recording: sure in {wrong.sum()} of {wrong.size} cases")


if __name__ == "__main__":
    main()
