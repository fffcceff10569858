"""Whether videos of a filmed person's speech close the tract where the film does.

    python benchmarks/real_films.py [FOLDER] [--model results/model] [--table closures.csv]

FOLDER holds films of 10 s or more with sound (default: ../shared/data). The first half of each is
learned from, with every model as it is (its reference frame is from that half) and adapted to it,
from pictures alone and with sound. The second half is tested: its squared error, and with a
TextGrid beside the film its closures. For these a small square is sought for every demand (lips at
/p b m/, tip of the tongue at /t d n/, dorsum at /k g ng/) whose brightness tells the phones best in
the first half of the film; in the second half of each video the area under the curve is measured.
Its 95 % interval is over seconds of the film.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.config.build import build_part
from s2r.config.model_blocks import MeanTraining
from s2r.core.errors import UserError
from s2r.core.media.open import MediaError
from s2r.core.phonetics import SILENCE, UNKNOWN, Segment
from s2r.core.units import FRAME_RATE, to_unit_range
from s2r.corpus.textgrid import find_textgrid, read_textgrid
from s2r.evaluation.held_out import mean_frame, speech_scores, video_scores
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metrics.articulation import moving_cells
from s2r.evaluation.real_speech.areas import MEAN, area_under_curve, areas
from s2r.evaluation.real_speech.demands import DEMANDS, middle_of
from s2r.generation.folder_content import WEIGHTS
from s2r.generation.model_folder import SpeechModel, load_model_folder
from s2r.generation.speaker import domain_remark, frames_config
from s2r.generation.utterance import UtteranceVideos
from s2r.model.family import VideoTask
from s2r.model.utterance_model import load_utterance_model
from s2r.preparation.film import CutFilm, cut_film
from s2r.preparation.region import dynamic_region
from s2r.training.adapt import Film, adapt

SQUARE = 5
"""Side of the squares, in pixels of 64: about 12 mm of 84 pixels of 2.4 mm."""

SHOWN = ("lips", "tip", "dorsum")

Halves = tuple[np.ndarray, np.ndarray]
"""The first and the second half of a video, (T, H, W) uint8 each."""

SHORTEST = 10.0
"""Seconds of a film, at least."""


def brightness(frames: np.ndarray) -> np.ndarray:
    """Mean grey level (T, H', W') of all squares in frames (T, H, W)."""
    total = np.pad(frames.astype(np.float64), ((0, 0), (1, 0), (1, 0))).cumsum(1).cumsum(2)
    total = total[:, SQUARE:] - total[:, :-SQUARE]
    return (total[:, :, SQUARE:] - total[:, :, :-SQUARE]) / SQUARE**2


def of_phones(
    frames: np.ndarray, phones: Sequence[Segment], demand: str
) -> tuple[list, np.ndarray]:
    """The phones that count, and the brightness (P, H', W') in the middle of each."""
    counted = [
        phone
        for phone in phones
        if phone.label not in (SILENCE, UNKNOWN, *DEMANDS[demand].like)
        and phone.start >= 0 and phone.end * FRAME_RATE <= len(frames)
    ]  # fmt: skip
    bright = brightness(frames)
    return counted, np.stack([bright[middle_of(phone, len(frames))].mean(0) for phone in counted])


def best_square(frames: np.ndarray, phones: Sequence[Segment], demand: str) -> tuple[int, int]:
    """Row and column of the square whose brightness tells the phones of a demand best; of several
    that do, the one that is brighter there by most."""
    counted, bright = of_phones(frames, phones, demand)
    demanded = np.isin([phone.label for phone in counted], DEMANDS[demand].phones)
    flat = bright.reshape(len(counted), -1)
    found = [area_under_curve(values, demanded, True) for values in flat.T]
    brighter = flat[demanded].mean(0) - flat[~demanded].mean(0)
    return divmod(int(np.lexsort((brighter, found))[-1]), bright.shape[2])


def moved_by(phone: Segment, shift: float, seconds: float) -> Segment:
    """A phone at another time of a video of so many seconds; the last ones come first."""
    start = (phone.start + shift) % seconds
    return replace(phone, start=start, end=start + phone.end - phone.start)


def closures(videos: dict[str, Halves], phones: Sequence[Segment]) -> pd.DataFrame:
    """The table of areas of the second halves, by brightness; the first video is the film.

    Of every other video the square that tells most in its own first half is tried too: its mouth
    may be in another place. The last one is judged by phones of another time as well: chance.
    """
    film, last = videos["film"], list(videos)[-1]
    cut, seconds = len(film[0]) / FRAME_RATE, len(film[1]) / FRAME_RATE
    later = [moved_by(phone, -cut, np.inf) for phone in phones if phone.start >= cut]
    moved = [moved_by(phone, seconds / 2, seconds) for phone in later]
    rows = []
    for demand in SHOWN:
        place = best_square(film[0], phones, demand)
        judged = [(name, second, later, place) for name, (_, second) in videos.items()]
        judged += [
            (f"{name}, own place", second, later, best_square(first, phones, demand))
            for name, (first, second) in videos.items()
            if name != "film"
        ]
        judged.append((f"{last}, another time", videos[last][1], moved, place))
        for name, frames, said, (row, column) in judged:
            counted, bright = of_phones(frames, said, demand)
            values = bright[:, row, column] * (1 if DEMANDS[demand].widest else -1)
            for phone, value in zip(counted, values, strict=True):
                second = f"{int(phone.start):03d}"
                rows.append((name, "film", second, phone.label, demand, value))
    columns = ["speech", "voice", "recording", "label", "demand", "value"]
    table = areas(pd.DataFrame(rows, columns=columns))
    return table[table["voice"] != MEAN]


def models_of(
    loaded: SpeechModel, folder: Path, film: CutFilm
) -> Iterator[tuple[str, UtteranceVideos]]:
    """The model of a folder as it is, and adapted to the first half."""
    yield str(folder), loaded.model
    model, info = load_utterance_model(folder / WEIGHTS)
    training = build_part(MeanTraining, info.get("mean", {}))
    part = film.learned
    sound = loaded.encoder.encode(part.sound)[: len(part.frames)]
    for name, heard in (("pictures", None), ("sound", sound)):
        adapted = adapt(model.eval(), [Film(part.frames, film.reference, heard)], training)
        after = replace(loaded.model, model=adapted.model, _speakers={})
        yield f"{folder}, adapted ({name})", after


def tested(path: Path, folders: Sequence[Path]) -> tuple[pd.DataFrame, pd.DataFrame | None, dict]:
    """Errors of the second half of a film, its closures, and the videos."""
    scores, videos = {}, {}
    for folder in folders:
        loaded = load_model_folder(folder)
        film = cut_film(path, frames_config(loaded), 0.5)
        truth, learned = film.held_out.frames, film.learned.frames
        if film.learned.sound is None or len(truth) + len(learned) < SHORTEST * FRAME_RATE:
            raise UserError(f"{path} is silent, or shorter than {SHORTEST:g} s.")
        print(domain_remark(loaded, path.name, film.reference) or f"{path.name} fits {folder}")
        region = dynamic_region([learned])
        instruments = Instruments(region, moving_cells(region))
        still = video_scores(truth, mean_frame(learned, len(truth)), instruments)
        scores["mean frame"] = {f"{name}_draw": value for name, value in still.items()}
        videos["film"] = learned, truth
        halves = [
            loaded.encoder.encode(part.sound)[: len(part.frames)]
            for part in (film.learned, film.held_out)
        ]
        for name, model in models_of(loaded, folder, film):
            tasks = [
                VideoTask(model.project(half), to_unit_range(film.reference), seed=0)
                for half in halves
            ]
            scores[name] = speech_scores(model, tasks[1], truth, instruments)
            videos[name] = tuple(model.videos(tasks, on_frames=lambda frames: None))
    table = pd.DataFrame(scores).T
    textgrid = find_textgrid(path)
    said = read_textgrid(textgrid) if textgrid else None
    return table, closures(videos, said.phones) if said else None, videos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, action="append", help="default: results/model")
    parser.add_argument("--table", type=Path, help="CSV file of all closures")
    parser.add_argument("--videos", type=Path, help="folder for an npz file of each film's videos")
    arguments = parser.parse_args()
    found = []
    if not arguments.folder.is_dir():
        parser.error(f"{arguments.folder} is no folder: name one with films.")
    for path in sorted(p for p in arguments.folder.rglob("*.mp4") if p.is_file()):
        try:
            table, areas_of, videos = tested(path, arguments.model or [Path("results/model")])
        except (MediaError, UserError) as error:
            print(f"{error}", file=sys.stderr)
            continue
        print(f"\n{path.name}\n{table.round(2).to_string()}")
        if areas_of is not None:
            print(areas_of.round(3).drop(columns=["voice", "phones", "variable"]).to_string())
            found.append(areas_of.assign(film=path.stem))
        if arguments.videos:
            arguments.videos.mkdir(parents=True, exist_ok=True)
            second = {name: halves[1] for name, halves in videos.items()}
            np.savez_compressed(arguments.videos / path.stem, **second)
    if arguments.table and found:
        pd.concat(found).to_csv(arguments.table, index=False)


if __name__ == "__main__":
    main()
