"""A trained model as a folder of its own: all files that are needed to generate video from speech.

model.safetensors       weights and shape
config.yaml             encoder, preset and settings, frames, checksums of all files
references/<subject>.png  a resting frame of every training subject
whisper-tiny.en.bin or encoder/   weights of the speech encoder, where it has any
probe.safetensors       contour probe, where the corpus has true contours
README.md               model card
"""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from s2r.config.keys import plain
from s2r.config.systems import Kind
from s2r.core.errors import UserError
from s2r.core.files import atomic_path, digest_of, sha256_of
from s2r.core.network import no_network
from s2r.generation.domain import Domain, domain_of, registration_errors
from s2r.generation.folder_content import (
    CONFIG,
    FORMAT,
    PROBE,
    REFERENCES,
    WEIGHTS,
    check_files,
    hub_source,
    read_content,
)
from s2r.generation.recurrent import RecurrentVideos
from s2r.model.family import VideoModel, find_family
from s2r.model.recurrent import load_recurrent
from s2r.preparation.reference import least_correlation, read_grey
from s2r.speech.encoder import Encoder, EncoderConfig
from s2r.speech.load import from_folder, load_encoder, save_encoder


@dataclass(frozen=True)
class SpeechModel:
    """The content of a model folder, loaded for generation."""

    name: str
    model: VideoModel
    encoder: Encoder
    references: dict[str, np.ndarray]
    """{subject: (H, W) uint8 resting frame}."""
    least_correlation: float
    """Least correlation with the mean reference at which a picture is accepted as a reference."""
    domain: Domain | None
    """The kind of its pictures; None where the model registers none."""
    frame_rate: int
    percentiles: tuple[float, float]
    checksum: str
    """Of the folder, which holds those of all files (`FolderContent.checksum`)."""
    source: str = ""
    """``owner/name@commit`` of a folder from the hub."""
    probe: Path | None = None
    """Contour probe in the folder."""


def export_model(
    folder: str | Path,
    *,
    name: str,
    model_path: str | Path,
    encoder: EncoderConfig,
    settings: Mapping[str, Any],
    references: Mapping[str, np.ndarray],
    frame_rate: int,
    percentiles: tuple[float, float],
    card: str,
    weights_folder: str | Path = "weights",
    probe: str | Path | None = None,
    overwrite: bool = False,
) -> None:
    """Write a model folder; it appears only when it is complete.

    ``settings`` are those of the run that decide its videos, see `load_video_model`;
    ``references`` {subject: (H, W) uint8}; ``card`` is the text of README.md; ``probe`` is the
    contour probe of the corpus, where it has one. Raises UserError where the model or the encoder's
    weights are missing, and where ``folder`` may not be replaced (`check_replaceable`).
    """
    check_replaceable(folder, overwrite)
    domain = domain_of(load_video_model(model_path, settings, "cpu"), list(references.values()))
    errors = registration_errors(domain.template, list(references.values())) if domain else []
    with atomic_path(folder) as temporary:
        (temporary / "references").mkdir(parents=True)
        shutil.copyfile(model_path, temporary / "model.safetensors")
        for subject, frame in references.items():
            Image.fromarray(frame).save(temporary / "references" / f"{subject}.png")
        (temporary / "README.md").write_text(card)
        if probe is not None:
            shutil.copyfile(probe, temporary / PROBE)
        saved = save_encoder(encoder, weights_folder, temporary)
        files = sorted(path for path in temporary.rglob("*") if path.is_file())
        content = {
            "format": FORMAT,
            "name": name,
            "encoder": asdict(saved),
            "settings": plain(dict(settings)),
            "frame_rate": frame_rate,
            "percentiles": [*percentiles],
            "likeness": least_correlation(list(references.values())),
            "registration": [round(error, 6) for error in errors],
            "files": {str(path.relative_to(temporary)): sha256_of(path) for path in files},
        }
        content["checksum"] = digest_of(content, 64)
        text = yaml.dump(content, Dumper=_WithoutAliases, sort_keys=False)
        (temporary / CONFIG).write_text(text)


class _WithoutAliases(yaml.SafeDumper):
    """Equal lists are written twice: aliases are not read."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def check_replaceable(folder: str | Path, overwrite: bool) -> None:
    """Raise UserError unless ``folder`` is new, empty, or an earlier model folder and no more.

    The earlier one must be as it was written, or with ``overwrite`` at least hold no other files.
    """
    folder = Path(folder)
    if folder.is_symlink():
        raise UserError(f"{folder} is a link: name the folder that it leads to.")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file: choose another name for the folder.")
    if not folder.exists() or not any(folder.iterdir()):
        return
    try:
        files = read_content(folder).files
    except UserError as error:
        raise UserError(
            f"{folder} exists and is not a model folder that s2r wrote: choose another name for "
            "the folder, or move this one away."
        ) from error
    written = {folder / name for name in (CONFIG, *files)}
    others = (
        set(folder.rglob("*")) - written - {above for path in written for above in path.parents}
    )
    if others:
        raise UserError(
            f"{min(others)} was not written by s2r and would be lost: move it away, or choose "
            f"another name than {folder}."
        )
    for name, checksum in files.items():
        if not overwrite and (folder / name).is_file() and sha256_of(folder / name) != checksum:
            raise UserError(
                f"{folder / name} was changed since s2r wrote it: choose another name than "
                f"{folder}, or replace it with --overwrite."
            )


def load_video_model(path: str | Path, settings: Mapping[str, Any], device: str) -> VideoModel:
    """The trained model in the file ``path``.

    Of a run, ``settings`` has the ``preset``; of a recurrent regression, which is not a run,
    `Kind.RECURRENT` stands in its place. Raises UserError for another or a missing file.
    """
    if settings["preset"] == Kind.RECURRENT:
        return RecurrentVideos(load_recurrent(path, device)[0])
    return find_family(settings["preset"]).load(path, settings, device)


def load_model_folder(folder: str | Path, device: str = "cpu") -> SpeechModel:
    """Read a model folder, after checking every file of it; nothing is fetched.

    Raises UserError where it is not a model folder, a file is missing or was changed, or its parts
    do not fit together.
    """
    folder = Path(folder)
    content = read_content(folder)
    check_files(folder, content)
    with no_network():
        encoder = load_encoder(from_folder(content.encoder, folder), folder, device)
    pictures = sorted(name for name in content.files if name.startswith(REFERENCES))
    model = load_video_model(folder / WEIGHTS, content.settings, device)
    references = {Path(name).stem: read_grey(folder / name) for name in pictures}
    loaded = SpeechModel(
        name=content.name,
        model=model,
        encoder=encoder,
        references=references,
        least_correlation=content.likeness,
        domain=None,
        frame_rate=content.frame_rate,
        percentiles=content.percentiles,
        checksum=content.checksum,
        source=hub_source(folder),
        probe=folder / PROBE if PROBE in content.files else None,
    )
    _check_parts(folder, loaded)
    domain = domain_of(model, list(references.values()), content.registration)
    return replace(loaded, domain=domain)


def _check_parts(folder: Path, loaded: SpeechModel) -> None:
    """Raise UserError where references, encoder and model do not fit together."""
    for subject, picture in loaded.references.items():
        square = picture.ndim == 2 and picture.shape[0] == picture.shape[1]
        if picture.dtype != np.uint8 or not square or not loaded.model.takes(len(picture)):
            raise UserError(
                f"{folder / REFERENCES / subject}.png has {' x '.join(map(str, picture.shape))} "
                f"{picture.dtype} pixels, which the model does not take: copy or export the model "
                "folder again."
            )
        if picture.min() == picture.max():
            raise UserError(
                f"{folder / REFERENCES / subject}.png shows nothing, all of it is one grey: copy "
                "or export the model folder again."
            )
    dimension = loaded.encoder.dimension
    try:
        loaded.model.project(np.zeros((1, dimension), np.float32))
    except ValueError:
        raise UserError(
            f"{folder / WEIGHTS} does not take the {dimension} values of an embedding of the "
            f"encoder in config.yaml ({loaded.encoder.description['kind']}): copy or export the "
            "model folder again."
        ) from None
