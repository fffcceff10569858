"""Rule ``released``: scores as the paper's released code computes them, beside correct ones.

Two things are done to a score there (``docs/reproduction.md``):

* **unpaired**: clip i of the test list is compared with clip i of the first 500 training clips in
  name order, a recording of other speech and mostly of another subject, and so is the real row;
* **gif**: generated clips are saved as GIF by a library version that turns grey levels into a web
  palette with error diffusion, which leaves six of them, and are read back before scoring.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from s2r.config.systems import Kind
from s2r.core.errors import UserError
from s2r.core.files import write_csv
from s2r.core.progress import progress
from s2r.core.units import FRAME_RATE
from s2r.evaluation.clip_features import Extract, i3d_extractor, read_clips
from s2r.evaluation.metrics.frechet import frechet_distance
from s2r.evaluation.metrics.paired import ssim_per_frame
from s2r.generation.clip_choice import CLIP_LENGTH
from s2r.generation.generated_file import read_generated
from s2r.preparation.recordings import RecordingSet

TRAINING_CLIPS = 500
"""Length of the list of training clips that everything is compared with."""


def web_gif(frames: np.ndarray) -> np.ndarray:
    """What is left of frames (..., H, W) uint8 after the lossy GIF: six grey levels, dithered.

    The palette is the web's (six levels a channel, 51 apart), the dithering Floyd and Steinberg's.
    """
    flat = frames.reshape(-1, *frames.shape[-2:])
    coloured = [Image.fromarray(frame).convert("RGB").convert("P").convert("RGB") for frame in flat]
    # At the edges the dithering leaves a few pixels that are not quite grey; green weighs most.
    green = [np.asarray(picture)[..., 1] for picture in coloured]
    return np.stack(green).reshape(frames.shape)


def training_list(recordings: RecordingSet, most: int) -> list[tuple[str, int]]:
    """The first ``most`` training clips in name order: (recording, first frame).

    Clips of 10 frames follow each other from frame 0; their names end in the first frame as a
    number without leading zeros, so 100 comes before 20. The last one to two seconds of a recording
    have none.
    """
    places: list[tuple[str, int]] = []
    for recording in recordings.members("train"):
        end = (recordings.length(recording) // FRAME_RATE - 1) * FRAME_RATE
        starts = sorted(range(0, end, CLIP_LENGTH), key=str)
        places += [(recording, start) for start in starts]
        if len(places) >= most:
            break
    return places[:most]


def clip_ssim(clips: np.ndarray, reference: np.ndarray) -> float:
    """Mean structural similarity, times 100 as the paper prints it, of clips (n, T, H, W)."""
    size = clips.shape[-2:]
    return 100 * float(
        ssim_per_frame(reference.reshape(-1, *size), clips.reshape(-1, *size)).mean()
    )


def protocol_rows(
    systems: Iterable[tuple[str, np.ndarray]],
    truth: np.ndarray,
    training: np.ndarray,
    extract: Extract,
) -> Iterator[dict]:
    """Scores of the clips of systems against their ``truth`` and against the ``training`` list.

    All clips are (n, 10, H, W) uint8. Columns ``system``, ``reference`` (paired or training),
    ``stored`` (lossless or gif), ``ssim`` (times 100), ``fvd`` and ``n``. Lists of unequal length
    are cut to the shorter, as pairing by place needs. The first system is ``real``, the true
    clips themselves: a perfect generator.
    """
    n = min(len(truth), len(training))
    truth, training = truth[:n], training[:n]
    known = {"paired": (truth, extract(truth)), "training": (training, extract(training))}
    for system, clips in chain([(Kind.REAL.value, truth)], systems):
        for stored, shown in (("lossless", clips[:n]), ("gif", web_gif(clips[:n]))):
            features = known["paired"][1] if shown is truth else extract(shown)
            for reference, (video, video_features) in known.items():
                row = {"system": system, "reference": reference, "stored": stored}
                row |= {"ssim": clip_ssim(shown, video)}
                yield row | {"fvd": frechet_distance(features, video_features), "n": n}


def write_released_scores(
    recordings: RecordingSet,
    *,
    generated: Mapping[str, Mapping[str, str | Path]],
    i3d_weights: str | Path,
    path: str | Path,
    device: str = "cpu",
    extract: Extract | None = None,
) -> None:
    """Write ``protocol_rows`` of every {set: {system: generated file}}, as CSV.

    ``recordings`` with their split. Of several draws the first is scored, on the clips that all
    systems of the set have. Raises UserError for missing files and where there are no clips.
    """
    extract = extract or i3d_extractor(i3d_weights, device)
    training_places = training_list(recordings, TRAINING_CLIPS)
    if not training_places:
        raise UserError(
            "No recording of the set train of the split is two seconds long, so the released "
            "protocol has no clips to compare with: change the block split of the configuration."
        )
    training = read_clips(recordings, training_places)
    rows: list[dict] = []
    for set_name, files in generated.items():
        draws = {}
        for system, file in files.items():
            with read_generated(file) as content:
                draws[system] = content.first_draws()
        places = sorted(set.intersection(*map(set, draws.values())))
        if not places:
            raise UserError(f"The systems have no clip of {set_name} in common: none is scored.")
        truth = read_clips(recordings, places)
        systems = ((name, np.stack([clips[p] for p in places])) for name, clips in draws.items())
        scored = protocol_rows(systems, truth, training, extract)
        rows += [{"set": set_name} | row for row in progress(scored, set_name)]
    write_csv(pd.DataFrame(rows), path)
