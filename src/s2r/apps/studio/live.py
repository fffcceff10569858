"""Live, an experiment: the vocal tract while somebody speaks, one second at a time.

Each second of sound is encoded together with the seconds before it. A frame depends on sound before
and after it, so the last `AHEAD` seconds wait for the next piece.
"""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from s2r.apps.studio.expected import expected_frames
from s2r.core.media.resample import resample
from s2r.core.units import HOP, SAMPLE_RATE
from s2r.generation.model_folder import SpeechModel

CHUNK = 1.0
"""Seconds of sound that the browser sends at a time."""

BEFORE = 3.0
"""Seconds of earlier sound that are encoded again with each piece."""

AHEAD = 0.2
"""Seconds of sound after the last frame that is shown."""

CAUSAL = "logmel"
"""The kind of encoder that sees 12 ms ahead only."""


@dataclass
class Heard:
    """One visitor's sound so far."""

    samples: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    """(N,) at 16 kHz, the last seconds only."""
    waiting: int = 0
    """Frames at its end that were not shown yet."""


def live_model(models: Mapping[str, SpeechModel]) -> str:
    """The name of the model for live video: the first with a log-mel encoder, else the first."""
    kinds = {name: model.encoder.description.get("kind") for name, model in models.items()}
    return next((name for name, kind in kinds.items() if kind == CAUSAL), next(iter(kinds)))


def about(name: str, model: SpeechModel) -> str:
    """What the page says of the delay with this model."""
    reach = getattr(model.model, "mean_reach", model.model.reach) * HOP / SAMPLE_RATE
    kind = model.encoder.description.get("kind")
    sentences = [
        f"Model: **{name}**. The browser sends {CHUNK:.0f} s at a time, and the last "
        f"{1000 * AHEAD:.0f} ms of it wait for the next piece."
    ]
    if kind != CAUSAL:
        sentences.append(
            f"Its encoder ({kind}) is not causal: it looks at all sound that it is given, later "
            f"sound too. So each second is encoded again with the {BEFORE:.0f} s before it, which "
            "costs time, and without what follows, which costs accuracy at its end. A log-mel "
            "model needs less: `s2r export logmel -o models/logmel`, then "
            "`s2r studio --model results/model models/logmel`."
        )
    else:
        sentences.append("Its log-mel encoder looks 12 ms ahead.")
    if reach > AHEAD:
        sentences.append(
            f"The model itself looks up to {reach:.1f} s ahead, more than it gets here, so its "
            "videos are less accurate than those of whole recordings."
        )
    return " ".join(sentences)


def add_sound(heard: Heard, rate: int, sound: np.ndarray) -> Heard:
    """What was heard with one more piece: (N,) or (N, channels) of integers or floats."""
    samples = sound.astype(np.float32)
    if np.issubdtype(sound.dtype, np.integer):
        samples /= -float(np.iinfo(sound.dtype).min)
    if samples.ndim == 2:
        samples = samples.mean(1)
    if rate != SAMPLE_RATE:
        samples = resample(samples, rate, SAMPLE_RATE)
    joined = np.concatenate([heard.samples, samples])
    waiting = heard.waiting + len(joined) // HOP - len(heard.samples) // HOP
    longest = round(BEFORE * SAMPLE_RATE) + (waiting + 1) * HOP
    dropped = max(0, len(joined) - longest) // HOP * HOP
    return Heard(joined[dropped:], waiting)


def next_frames(
    heard: Heard, model: SpeechModel, reference: np.ndarray
) -> tuple[Heard, np.ndarray]:
    """The frames (T, H, W) uint8 that can be shown now; T may be 0."""
    held = round(AHEAD * SAMPLE_RATE / HOP)
    total = len(heard.samples) // HOP
    count = min(heard.waiting, total) - held
    if count <= 0:
        return heard, np.zeros((0, *reference.shape), np.uint8)
    frames = expected_frames(model, heard.samples, reference, total - held - count, count)
    return Heard(heard.samples, held), frames


def moving_picture(frames: np.ndarray) -> str:
    """An HTML image that plays frames (T, H, W) at 50 Hz once and holds the last one."""
    first, *others = map(Image.fromarray, frames)
    file = io.BytesIO()
    milliseconds = 1000 * HOP // SAMPLE_RATE
    first.save(file, "GIF", save_all=True, append_images=others, duration=milliseconds)
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="The vocal tract, live" src="data:image/gif;base64,{data}">'


def delay(computed: float) -> str:
    """How late the picture is, where ``computed`` s went by for one piece; for the page."""
    parts = [1000 * CHUNK, 1000 * AHEAD, 1000 * computed]
    slow = "" if computed < CHUNK else " This machine is too slow: sound waits to be computed."
    return (
        f"Measured: you see a movement {sum(parts):.0f} ms after it was said ({parts[0]:.0f} ms to "
        f"record a piece, {parts[1]:.0f} ms that wait, {parts[2]:.0f} ms to compute it). Network "
        f"and browser add to it.{slow}"
    )
