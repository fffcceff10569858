"""Load and save the encoder that a configuration asks for, whichever package provides it."""

from dataclasses import replace
from pathlib import Path

from s2r.core.errors import UserError
from s2r.core.registry import ENCODERS, find_extension, load_extension, package_of
from s2r.speech.encoder import Encoder, EncoderConfig, EncoderFamily


def load_encoder(
    config: EncoderConfig, weights_folder: str | Path = "weights", device: str = "cpu"
) -> Encoder:
    """The encoder that ``config`` asks for, ready on ``device``.

    Weights that have to be fetched are kept in ``weights_folder``. Raises UserError for an unknown
    kind or layer, for other keys that do not fit the kind, and for a model that cannot be reached
    or does not fit its class.
    """
    family, package = _family(config)
    encoder = family.load(config, Path(weights_folder), device)
    if not isinstance(encoder, Encoder):
        raise UserError(
            f"The encoder kind {config.kind!r} of the package {package} loads a "
            f"{type(encoder).__name__}, which is no Encoder: correct that package."
        )
    description = {**encoder.description, "kind": config.kind, "package": package}
    return replace(encoder, description=description)


def save_encoder(
    config: EncoderConfig, weights_folder: str | Path, folder: str | Path
) -> EncoderConfig:
    """Write what the encoder needs into ``folder``; the configuration to load it from there with.

    A ``model`` of the configuration returned is a path in ``folder`` (see ``from_folder``). Raises
    UserError where the encoder's weights cannot be had.
    """
    family, package = _family(config)
    folder = Path(folder)
    saved = family.save(config, Path(weights_folder), folder)
    if not isinstance(saved, EncoderConfig) or not _lies_in(folder, saved.model):
        raise UserError(
            f"The encoder kind {config.kind!r} of the package {package} cannot be saved with a "
            f"model (it returned {saved!r}): its `save` must write the weights into the folder "
            "and return the EncoderConfig that names them there."
        )
    return saved


def from_folder(config: EncoderConfig, folder: str | Path) -> EncoderConfig:
    """``config`` as ``save_encoder`` returned it, with the path of its model in ``folder``."""
    return replace(config, model=str(Path(folder) / config.model)) if config.model else config


def _family(config: EncoderConfig) -> tuple[EncoderFamily, str]:
    """The family of ``config``, which it accepts, and the package that provides it."""
    family = load_extension(ENCODERS, config.kind, EncoderFamily)
    family.check(config)
    return family, package_of(find_extension(ENCODERS, config.kind))


def _lies_in(folder: Path, model: str | None) -> bool:
    """Whether what an encoder was saved as is in the folder; one without a model needs nothing."""
    if model is None:
        return True
    path = (folder / model).resolve()
    return path.exists() and path.is_relative_to(folder.resolve())
