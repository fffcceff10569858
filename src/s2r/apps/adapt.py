"""The command ``adapt``: a model folder fine-tuned on a speaker's own film."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from s2r.apps.models import MODELS, place_of
from s2r.config.build import build_part
from s2r.config.model_blocks import MeanTraining
from s2r.core.device import find_device
from s2r.core.errors import UserError
from s2r.core.media.encode import write_video
from s2r.core.outputs import check_outputs
from s2r.core.units import FRAME_RATE, SAMPLE_RATE, to_unit_range
from s2r.evaluation.held_out import described, mean_frame, speech_scores, video_scores
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metrics.articulation import moving_cells
from s2r.generation.adapted_card import ROWS, Scores, adapted_card, score_lines
from s2r.generation.folder_content import CONFIG, PROBE, WEIGHTS, FolderContent, read_content
from s2r.generation.model_folder import (
    SpeechModel,
    check_replaceable,
    export_model,
    load_model_folder,
)
from s2r.generation.speaker import check_likeness, domain_remark, frames_config
from s2r.generation.speech_file import warn
from s2r.generation.utterance import UtteranceVideos
from s2r.model.family import VideoTask
from s2r.model.utterance_model import load_utterance_model, save_utterance_model
from s2r.preparation.film import CutFilm, cut_film
from s2r.preparation.pictures import enlarge
from s2r.preparation.region import dynamic_region
from s2r.speech.load import from_folder
from s2r.training.adapt import Film, adapt

LEAST_FILM = 10.0
"""Seconds of film, at least, of all files together."""

LEAST_PART = 1.0
"""Seconds, at least, of one film."""

SPEAKER = "speaker"
"""Name of the one subject of an adapted model."""

LONGEST_SHOWN = 60
"""Seconds of every film's held-out part, at most, in the comparison."""

HEIGHT = 256
"""Of the pictures in the comparison, in pixels."""


def adapt_folder(
    model: str | Path,
    films: Sequence[Path],
    output: Path,
    *,
    hold_out: float = 0.2,
    steps: int | None = None,
    seed: int = 0,
    force: bool = False,
    device: str = "auto",
    overwrite: bool = False,
) -> str:
    """Adapt a model to the speaker of ``films``; returns the table of before and after.

    Writes the model folder ``output``, and beside it ``output``.mp4, the held-out part: true,
    before, after.

    Args:
        model: folder, or repository of the hub.
        hold_out: share at the end of every film that nothing is learned from.
        steps: of the training; None stops it early.
        force: accept films that do not look like rtMRI.
        overwrite: as of `export_model`, and for the comparison.

    Raises:
        UserError: the model cannot be adapted, the films are too short or cannot be read, show
            something else, or an output may not be written.
    """
    folder = place_of(model).folder
    content = read_content(folder)
    comparison = output.parent / f"{output.name}.mp4"
    _check_places(folder, films, output, comparison, content, overwrite)
    loaded = load_model_folder(folder, find_device(device))
    if not isinstance(loaded.model, UtteranceVideos):
        raise UserError(
            f"{folder} holds a model of preset {content.preset}, which cannot be adapted: give a "
            "model of preset s2r."
        )
    cut = _read(films, loaded, hold_out, force)
    network, info = load_utterance_model(folder / WEIGHTS, find_device(device))
    training = build_part(MeanTraining, info.get("mean", {}) | {"seed": seed})
    adapted = adapt(network.eval(), [_to_learn(film, loaded) for film in cut], training, steps)
    after = replace(loaded.model, model=adapted.model, _speakers={})
    scores = _compared(loaded, after, cut, comparison)
    learned = sum(len(film.learned.frames) for film in cut) / FRAME_RATE
    held_out = sum(len(film.held_out.frames) for film in cut) / FRAME_RATE
    about = {
        "from": content.checksum,
        "films": [film.path.name for film in cut],
        "seconds": learned,
        "held_out": held_out,
        "new_codes": adapted.new_codes,
        "steps": adapted.steps,
        "seed": seed,
        "scores": scores,
    }
    with TemporaryDirectory() as temporary:
        weights = Path(temporary) / WEIGHTS
        save_utterance_model(adapted.model, weights, info | {"adapted": about})
        export_model(
            output,
            name=_name(content),
            model_path=weights,
            encoder=from_folder(content.encoder, folder),
            settings=content.settings,
            references={SPEAKER: cut[0].reference},
            frame_rate=content.frame_rate,
            percentiles=content.percentiles,
            card=adapted_card(_name(content), content, about),
            weights_folder=folder,
            probe=folder / PROBE if PROBE in content.files else None,
            overwrite=overwrite,
        )
    lines = [f"learned from {learned:.1f} s; the {held_out:.1f} s held out:", ""]
    lines += score_lines(scores)
    return "\n".join(
        [*lines, "", f"{output}: the adapted model; {comparison}: true, before, after"]
    )


def _check_places(
    folder: Path,
    films: Sequence[Path],
    output: Path,
    comparison: Path,
    content: FolderContent,
    overwrite: bool,
) -> None:
    """Raise UserError for missing films, and for outputs that would destroy something."""
    missing = next((path for path in films if not path.is_file()), None)
    if missing:
        raise UserError(f"{missing}: there is no such file.")
    if output.resolve() == folder.resolve():
        raise UserError(f"{output} is the model itself: choose another name for the adapted one.")
    check_replaceable(output, overwrite)
    if output.parent == MODELS:  # the place of models, which a fresh copy does not have yet
        MODELS.mkdir(exist_ok=True)
    inputs = [*films, *(folder / name for name in (CONFIG, *content.files))]
    check_outputs([comparison], inputs, overwrite)


def _read(
    paths: Sequence[Path], loaded: SpeechModel, hold_out: float, force: bool
) -> list[CutFilm]:
    """The films, cut. Raises UserError where they are too short or show something else."""
    config = frames_config(loaded)
    films = [cut_film(path, config, hold_out) for path in paths]
    lengths = [
        (len(film.learned.frames) + len(film.held_out.frames)) / FRAME_RATE for film in films
    ]
    for path, seconds in zip(paths, lengths, strict=True):
        if seconds < LEAST_PART:
            raise UserError(
                f"{path}: {seconds:.1f} s of film are too short: give films of at least "
                f"{LEAST_PART:g} s."
            )
    if sum(lengths) < LEAST_FILM:
        raise UserError(
            f"{', '.join(map(str, paths))}: {sum(lengths):.1f} s of film are too little to adapt "
            f"to: give at least {LEAST_FILM:g} s in all."
        )
    if not force:
        check_likeness(paths, np.stack([film.reference for film in films]), loaded)
    for film in films:
        if sentence := domain_remark(loaded, film.path, film.reference):
            warn(sentence)
        if film.learned.sound is None:
            why = f" ({film.silence})" if film.silence else ""
            print(
                f"{film.path} is silent{why}: only pictures are learned from it.", file=sys.stderr
            )
    return films


def _to_learn(film: CutFilm, loaded: SpeechModel) -> Film:
    part = film.learned
    embeddings = None
    if part.sound is not None:
        embeddings = loaded.encoder.encode(part.sound)[: len(part.frames)]
    return Film(part.frames, film.reference, embeddings)


def _compared(
    loaded: SpeechModel, after: UtteranceVideos, films: Sequence[CutFilm], path: Path
) -> Scores:
    """Scores of the held-out parts, by row of the table, and the video of them."""
    region = dynamic_region(film.learned.frames for film in films)
    instruments = Instruments(region, moving_cells(region))
    rows, weights, shown, sounds = [], [], [], []
    for film in films:
        truth = film.held_out.frames
        still = video_scores(truth, mean_frame(film.learned.frames, len(truth)), instruments)
        columns = {"mean frame": {name: still[name.split("_")[0]] for name in ROWS}}
        sides = [truth]
        for label, videos in (("before", loaded.model), ("after", after)):
            pictures = described(videos, truth, film.reference)
            column = {"error_codes": video_scores(truth, pictures, instruments)["error"]}
            if film.held_out.sound is not None:
                speech = videos.project(loaded.encoder.encode(film.held_out.sound))
                task = VideoTask(speech[: len(truth)], to_unit_range(film.reference), seed=0)
                column |= speech_scores(videos, task, truth, instruments)
                (pictures,) = videos.videos([task], on_frames=lambda frames: None)
            columns[label] = column
            sides.append(pictures)
        rows.append(columns)
        weights.append(len(truth))
        seconds = min(len(truth) / FRAME_RATE, LONGEST_SHOWN)
        count, samples = round(seconds * FRAME_RATE), round(seconds * SAMPLE_RATE)
        shown.append(np.concatenate([enlarge(side[:count], HEIGHT) for side in sides], axis=2))
        heard = film.held_out.sound
        sounds.append(np.zeros(samples, np.float32) if heard is None else heard[:samples])
    write_video(
        path, np.concatenate(shown), FRAME_RATE, np.concatenate(sounds), SAMPLE_RATE, seal=True
    )
    return {
        name: {
            column: _mean([(row[column][name], w) for row, w in zip(rows, weights, strict=True)
                           if name in row[column]])
            for column in ("mean frame", "before", "after")
        }
        for name in ROWS
    }  # fmt: skip


def _mean(weighted: list[tuple[float, float]]) -> float | None:
    """The mean of values with weights; None of no values."""
    if not weighted:
        return None
    values, weights = zip(*weighted, strict=True)
    return float(np.average(values, weights=weights))


def _name(content: FolderContent) -> str:
    return f"{content.name[:90]}-adapted"
