"""From a trained system of the workflow, a run or a recurrent regression, to a model folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from s2r.config.build import build
from s2r.config.parameters import encoder_settings, run_settings
from s2r.config.systems import Kind, trained_systems
from s2r.core import checksums
from s2r.core.errors import UserError
from s2r.core.origin import program
from s2r.core.shards import Shards
from s2r.corpus.split import read_split
from s2r.generation.card_metadata import metadata
from s2r.generation.model_folder import check_replaceable, export_model
from s2r.generation.provenance import check_made_from
from s2r.preparation.resting import recording_at_rest
from s2r.preparation.selection import recordings_of
from s2r.speech.encoder import EncoderConfig

CARD = """\
# {name}

Generates real-time MRI video of the midsagittal vocal tract ({size} x {size} pixels, {rate} Hz)
from speech. {origin}

| | |
| :-- | :-- |
| speech encoder | {encoder} |
| preset | {preset} |
| temporal pooling | {pooling} |
| training | {recordings} recordings of {subjects} subjects, {minutes:.1f} min |
| subjects it can show | {names} |
| exported by | {program} |

    s2r generate speech.wav --model MODEL -o tract.mp4

    import s2r
    s2r.load("MODEL")("speech.wav").save("tract.mp4")

MODEL is the path of this folder, or the name of its repository on the Hugging Face hub, owner/name.

What it shows is what a model expects, not what was measured: do not draw conclusions about a
person, and never medical ones, from generated video.
"""


def export_run(
    config: Mapping,
    name: str,
    *,
    model_path: str | Path,
    frame_shards: Sequence[str | Path],
    split: str | Path,
    folder: str | Path,
    embeddings: Sequence[str | Path] = (),
    weights_folder: str | Path = "weights",
    probe: str | Path | None = None,
    overwrite: bool = False,
) -> None:
    """Write the trained system ``name`` of the merged configuration as a model folder.

    The reference frame of a subject is that of its first training recording. ``embeddings`` are
    the shards that the run was trained on; ``probe`` is the contour probe of the corpus, None where
    it has none. Raises UserError where the run was not trained, its weights or the split were
    changed or damaged, they were made from something else than the configuration names, there are
    no training recordings, or ``folder`` may not be replaced (`check_replaceable`).
    """
    check_replaceable(folder, overwrite)
    trained = trained_systems(config)
    if name not in trained:
        known = ", ".join(trained)
        raise UserError(
            f"{name!r} is not one of the runs and recurrent regressions of the configuration "
            f"({known})."
        )
    if not Path(model_path).is_file():
        raise UserError(f"{model_path} does not exist: train the run first (`snakemake`).")
    checksums.verify([model_path, split])
    encoder = build(EncoderConfig, encoder_settings(config, trained[name]))
    check_made_from(config, name, model_path, encoder, embeddings, weights_folder)
    frames, split_rows = Shards(frame_shards), read_split(split)
    subject_of = dict(zip(split_rows["recording"], split_rows["subject"], strict=True))
    training = recordings_of(split_rows, "train", frames)
    if not training:
        raise UserError(f"{split} has no training recordings: there is no subject to show.")
    references: dict[str, np.ndarray] = {}
    for recording in training:
        if subject_of[recording] not in references:
            references[subject_of[recording]] = recording_at_rest(frames, recording)
    settings = _settings(config, name)
    rate = config["frames"]["rate"]
    export_model(
        folder,
        name=name,
        model_path=model_path,
        encoder=encoder,
        settings={key: value for key, value in settings.items() if key != "training"},
        references=references,
        frame_rate=rate,
        percentiles=tuple(config["frames"]["percentiles"]),
        weights_folder=weights_folder,
        probe=probe,
        overwrite=overwrite,
        card=metadata(config["corpus"]["kind"])
        + CARD.format(
            name=name,
            size=config["frames"]["size"],
            rate=rate,
            origin=_origin(config["corpus"]),
            encoder=trained[name],
            preset=settings["preset"],
            pooling="yes" if settings["pooling"] else "no",
            recordings=len(training),
            subjects=len(references),
            minutes=sum(frames.length(recording) for recording in training) / rate / 60,
            names=", ".join(references),
            program=program(),
        ),
    )


def _settings(config: Mapping, name: str) -> dict:
    """What decides the videos of a trained system, see `load_video_model`."""
    if name in config["runs"]:
        return run_settings(config, name)
    return {"preset": Kind.RECURRENT.value, "pooling": False}


def _origin(corpus: Mapping) -> str:
    if corpus["kind"] == "phantom":
        heard = ", with the sound of others' voices too" if corpus["phantom"]["voices"] else ""
        return (
            f"Trained on a numerical phantom: a synthetic vocal tract, not a person{heard}. It "
            "shows that the method works and how it is used, not how anybody speaks: it has "
            "learned from no film of a person and measures no speaker. What such models make of "
            "speech of people was measured: docs/real-speech.md."
        )
    return "Trained on recordings of real speakers."
