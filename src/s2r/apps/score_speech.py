"""The command ``score``; and of a single video, whether it belongs to its sound."""

import math
from pathlib import Path

import numpy as np

from s2r.apps.score_videos import score
from s2r.config.build import build
from s2r.core.errors import UserError
from s2r.core.media.decode import read_audio
from s2r.core.media.resample import resample
from s2r.core.units import FRAME_RATE, HOP, SAMPLE_RATE
from s2r.evaluation.agreement.instrument import Instrument, load_instrument
from s2r.evaluation.agreement.retrieval import Match, match
from s2r.preparation.embeddings import to_half
from s2r.preparation.frames import FramesConfig, video_on_clock, video_range
from s2r.preparation.pictures import scale_levels
from s2r.speech.encoder import EncoderConfig
from s2r.speech.level import measure
from s2r.speech.load import load_encoder

DEFAULT_INSTRUMENT = Path("results/instruments/agreement-logmel.safetensors")
"""Where the workflow writes the instrument that needs no speech model."""

SHORTEST = 1.0
"""Seconds of video and sound that are needed."""

FOREIGN = """\
The instrument knows only the kind of pictures and speech that it was trained on: one that was
trained on the phantom knows nothing of people."""


def score_any(video: Path, generated: Path | None, instrument_path: Path | None) -> str:
    """The table of one video, or of a true and a generated one, which need no instrument."""
    if generated is None:
        return score_one(video, instrument_path)
    if instrument_path is not None:
        raise UserError("--instrument is for one video: leave it out, or give one video.")
    return score(video, generated)


def score_one(path: Path, instrument_path: Path | None = None) -> str:
    """How well the video of a file belongs to the sound in the same file, as a table and a verdict.

    Raises UserError where the file or the instrument cannot be read, and for a file without sound,
    of silence, or of less than one second.
    """
    instrument_path = instrument_path or DEFAULT_INSTRUMENT
    if not instrument_path.exists():
        raise UserError(
            f"{instrument_path}: there is no such file; make it with snakemake --cores 2 "
            f"{DEFAULT_INSTRUMENT}, or name another one with --instrument."
        )
    instrument = load_instrument(instrument_path)
    frames, speech = _read(path, instrument)
    video, sound = instrument.video(frames), instrument.speech(speech)
    # Against other times of the same sound: nobody else's speech is at hand.
    nobody = np.empty((0, video.shape[1]), np.float32)
    found = match(video, sound, nobody)
    moved = match(*_moved(video, sound, found.offset), nobody).agreement
    rows = [
        ("video and sound, s", f"{len(frames) / FRAME_RATE:.2f}"),
        ("speech encoder of the instrument", instrument.encoder),
        ("agreement (1: most; 0: as with other times)", f"{found.agreement:.2f}"),
        *_usual_rows(instrument),
        (
            f"windows that match their own sound best, of {found.candidates}",
            f"{found.top1:.2f} (chance: {1 / found.candidates:.2f})",
        ),
        ("median rank of the own sound", f"{found.median_rank:.1f}"),
        ("the video comes after the sound by, ms", _milliseconds(found.offset)),
        ("agreement at that offset", f"{moved:.2f}"),
    ]
    width = max(len(name) for name, _ in rows)
    table = "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
    return f"{table}\n\n{_verdict(found, moved, instrument)}\n{FOREIGN}"


def _read(path: Path, instrument: Instrument) -> tuple[np.ndarray, np.ndarray]:
    """Frames (T, 64, 64) uint8 and speech embeddings (T, D) of a file, on one clock."""
    settings = FramesConfig()
    frames = video_on_clock(path, settings)
    sound, rate = read_audio(path)
    audio = resample(sound, rate, SAMPLE_RATE)
    count = min(len(frames), len(audio) // HOP)
    if count < SHORTEST * FRAME_RATE:
        raise UserError(
            f"{path} has {count / FRAME_RATE:.2f} s of video with sound: at least {SHORTEST:.0f} s "
            "are needed to say whether they belong together."
        )
    frames, audio = frames[:count], audio[: count * HOP]
    level = measure([audio])
    if level.silent:
        raise UserError(
            f"{path} is silent ({level.silent}): give a video with speech, since there is nothing "
            "to compare the picture with."
        )
    encoder = load_encoder(build(EncoderConfig, instrument.settings))
    embeddings = to_half(encoder.encode(level.applied(audio))[:count])
    return scale_levels(frames, *video_range(path, frames, settings)), embeddings


def _usual_rows(instrument: Instrument) -> list[tuple[str, str]]:
    if instrument.usual is None:
        return []
    return [
        (f"usual: {name}", f"{values[0]:.2f} to {values[2]:.2f}")
        for name, values in (
            ("true videos", instrument.usual.own),
            ("true videos with other speech", instrument.usual.other),
        )
    ]


def _moved(video: np.ndarray, sound: np.ndarray, offset: float) -> tuple[np.ndarray, np.ndarray]:
    """Windows of video and of the sound that is heard ``offset`` ms before them."""
    late = 0 if math.isnan(offset) else round(offset * FRAME_RATE / 1000)
    length = len(video) - abs(late)
    return video[max(late, 0) :][:length], sound[max(-late, 0) :][:length]


def _verdict(found: Match, moved: float, instrument: Instrument) -> str:
    """A sentence that compares with what is usual; ``moved`` is the agreement at the offset."""
    if math.isnan(found.offset):
        return "The picture stands still, so it belongs to no sound."
    if instrument.usual is None:
        return "The instrument had no validation recordings to say what is usual."
    least, other = instrument.usual.own[0], instrument.usual.other[2]
    if max(found.agreement, moved) <= other:
        return "The video belongs to its sound no more than true videos do to other speech."
    how = "as true videos do" if moved >= least else "but less than nearly all true videos do"
    if found.offset:
        when = "after" if found.offset > 0 else "before"
        how += f", once it is taken to come {abs(found.offset):.0f} ms {when} the sound"
    return f"The video belongs to its sound, {how}."


def _milliseconds(offset: float) -> str:
    return "-" if math.isnan(offset) else f"{offset:.0f}"
