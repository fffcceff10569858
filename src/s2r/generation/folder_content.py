"""What a model folder says of itself (config.yaml), and its files: read as a stranger's."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from s2r.config.check_runs import check_sampler
from s2r.config.data_blocks import Percent
from s2r.config.errors import read_block
from s2r.config.keys import NO_DEFAULT, Name, block, key
from s2r.config.model_blocks import SamplerConfig
from s2r.config.presets import BLOCKS_OF_PRESET
from s2r.core.errors import UserError
from s2r.core.files import digest_of, sha256_of
from s2r.core.text_files import read_text, read_yaml
from s2r.generation.card_metadata import without_metadata
from s2r.speech.encoder import EncoderConfig

FORMAT = "s2r-model-folder-2"

CONFIG, WEIGHTS, CARD, REFERENCES = "config.yaml", "model.safetensors", "README.md", "references/"

PROBE = "probe.safetensors"
"""Contour probe of the corpus, where there is one: it reads tract variables off the videos."""

LONGEST_CARD = 100_000
"""Bytes of a model card."""

FileName = Annotated[
    str,
    Field(
        pattern=r"^[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*"
        r"(/[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*){0,2}\Z",
        max_length=300,
        description="files of a model folder have names in the folder, without .. and not hidden",
    ),
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}\Z")]


@block
class FolderContent:
    """The keys of the config.yaml of a model folder."""

    format: Literal["s2r-model-folder-2"] = key(NO_DEFAULT, "Version of the format.")
    name: Name = key(NO_DEFAULT, "Name of the run.")
    encoder: EncoderConfig = key(NO_DEFAULT, "Its model is a path in the folder.")
    settings: dict[str, Any] = key(NO_DEFAULT, "What decides the videos, with the preset.")
    frame_rate: Literal[50] = key(NO_DEFAULT, "Frames per second.")
    percentiles: tuple[Percent, ...] = key(
        NO_DEFAULT, "Grey levels that become black and white.", min_length=2, max_length=2
    )
    likeness: float = key(NO_DEFAULT, "Least correlation of a reference picture.", ge=-1, le=1)
    registration: tuple[Annotated[float, Field(ge=0)], ...] = key(
        (), "Errors of the references, registered to the template.", max_length=20_000
    )
    files: dict[FileName, Sha256] = key(NO_DEFAULT, "Checksums of all files.", max_length=20_000)
    checksum: Sha256 = key(NO_DEFAULT, "Checksum of all other keys.")

    @property
    def preset(self) -> str:
        """The preset of the run, or `s2r.config.systems.Kind.RECURRENT`."""
        return self.settings["preset"]


def read_content(folder: str | Path) -> FolderContent:
    """What the config.yaml of a model folder says; no other file is looked at.

    Raises UserError where it is missing or changed, or holds what no export writes.
    """
    path = Path(folder) / CONFIG
    if not path.is_file():
        raise UserError(
            f"{folder} is not a model folder (it has no config.yaml): run `make table1`, which "
            "leaves one in results/model, or name the folder of another model."
        )
    content = read_yaml(_listed_file(Path(folder), path.name))
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UserError(f"{path} does not describe a model folder: export the model again.")
    try:
        read = read_block(FolderContent, content)
        _check_settings(read)
    except UserError as error:
        raise UserError(f"{path} was changed or damaged: {error}") from None
    if read.checksum != digest_of({k: v for k, v in content.items() if k != "checksum"}, 64):
        raise UserError(f"{path} was changed or damaged: copy or export the folder again.")
    return read


def read_card(folder: str | Path) -> str:
    """The model card for people: without the metadata above it. Raises as `whole_card`."""
    return without_metadata(whole_card(folder))


def whole_card(folder: str | Path) -> str:
    """The file of the model card, without characters that a terminal would obey.

    Raises UserError where it is missing, a link, too long or no text.
    """
    text = read_text(_listed_file(Path(folder), CARD), LONGEST_CARD)
    return "".join(c for c in text if c.isprintable() or c in "\n\t")


def size_of(folder: str | Path, content: FolderContent) -> int:
    """Bytes of all files of a model folder. Raises UserError where one is missing."""
    return sum(_listed_file(Path(folder), name).stat().st_size for name in content.files)


def check_files(folder: str | Path, content: FolderContent) -> None:
    """Compare all files with their checksums.

    Only the card may be another: people write there what they know, on the hub too, and nothing
    depends on it.

    Raises UserError where a file is missing, was changed or is a link, and where the folder of the
    encoder holds a file that is not listed, which would be read.
    """
    folder = Path(folder)
    for name, expected in content.files.items():
        path = _listed_file(folder, name)
        if name != CARD and sha256_of(path) != expected:
            raise UserError(f"{path} was changed or damaged: copy or export the folder again.")
    model = content.encoder.model
    for path in (folder / model).rglob("*") if model else ():
        if not path.is_dir() and path.relative_to(folder).as_posix() not in content.files:
            raise UserError(f"{path} is not one of the files of the model folder: remove it.")


def _listed_file(folder: Path, name: str) -> Path:
    """The path of a file of a model folder, which no link leads out of."""
    path = folder / name
    inside = [path, *path.parents][: name.count("/") + 1]
    if any(part.is_symlink() and not _in_hub_cache(folder, part) for part in inside):
        raise UserError(f"{path} is a link: put a copy of the file there.")
    if not path.is_file():
        raise UserError(f"{path} is missing: copy or export the model folder again.")
    return path


def hub_source(folder: Path) -> str:
    """``owner/name@commit`` of a folder in the cache of the hub's client; "" of any other."""
    repository = folder.parent.parent.name
    if folder.parent.name != "snapshots" or not repository.startswith("models--"):
        return ""
    return f"{repository.removeprefix('models--').replace('--', '/')}@{folder.name}"


def _in_hub_cache(folder: Path, link: Path) -> bool:
    """Whether ``link`` leads to the content of a file as the hub's client keeps it."""
    return bool(hub_source(folder)) and link.resolve().is_relative_to(
        (folder.parent.parent / "blobs").resolve()
    )


def _check_settings(content: FolderContent) -> None:
    """Raise UserError where the settings, the encoder and the files do not fit together."""
    settings, files, model = content.settings, content.files, content.encoder.model
    if not isinstance(settings.get("preset"), str):
        raise UserError("settings.preset: this key is missing, or no text.")
    if content.preset in BLOCKS_OF_PRESET:
        sampler = settings.get("sampler")
        if not isinstance(sampler, dict):
            raise UserError("settings.sampler: must be a block of keys.")
        try:
            check_sampler("its settings", asdict(read_block(SamplerConfig, sampler)))
        except UserError as error:
            raise UserError(f"settings: {error}") from None
    pictures = [name for name in files if name.startswith(REFERENCES)]
    for name, there in ((WEIGHTS, WEIGHTS in files), (CARD, CARD in files), (REFERENCES, pictures)):
        if not there:
            raise UserError(f"files: {name} is not among them.")
    if model and not any(name == model or name.startswith(f"{model}/") for name in files):
        raise UserError(f"encoder.model: {model!r} is not among its files.")
