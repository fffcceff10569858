"""The encoder families of this package, registered by entry points like those of any other.

Nothing heavy is imported here: torch, transformers and a family's own module are imported when an
encoder is loaded or saved.
"""

from dataclasses import replace
from pathlib import Path

from s2r.core.errors import UserError
from s2r.speech.encoder import Encoder, EncoderConfig, EncoderFamily

CHECKPOINT = "encoder"
"""Folder of a checkpoint in a model folder."""


def _load_logmel(config: EncoderConfig, weights_folder: Path, device: str) -> Encoder:
    from s2r.speech import logmel

    return logmel.load()


def _check_whisper(config: EncoderConfig) -> None:
    if config.revision and not config.model:
        raise UserError(
            "The encoder kind 'whisper' has a revision but no model: name the model on the hub, "
            "such as openai/whisper-small, or remove the revision to use the embedded tiny.en."
        )


def _load_whisper(config: EncoderConfig, weights_folder: Path, device: str) -> Encoder:
    if config.model:
        from s2r.speech import whisper_checkpoint

        return whisper_checkpoint.load(config.model, config.revision, config.layer, device)
    from s2r.speech import whisper

    return whisper.load(config.layer, weights_folder, device)


def _save_whisper(config: EncoderConfig, weights_folder: Path, folder: Path) -> EncoderConfig:
    if not config.model:
        from s2r.speech import whisper

        whisper.save(weights_folder, folder)
        return config
    from s2r.speech import whisper_checkpoint

    whisper_checkpoint.save(config.model, config.revision, folder / CHECKPOINT)
    return replace(config, model=CHECKPOINT, revision=None)


def _check_huggingface(config: EncoderConfig) -> None:
    if not config.model:
        raise UserError(
            "The encoder kind 'huggingface' needs a model: give a hub name, such as "
            "facebook/hubert-base-ls960, or a local folder."
        )


def _load_huggingface(config: EncoderConfig, weights_folder: Path, device: str) -> Encoder:
    from s2r.speech import huggingface

    return huggingface.load(config.model, config.revision, config.layer, device, config.as_wav2vec2)


def _save_huggingface(config: EncoderConfig, weights_folder: Path, folder: Path) -> EncoderConfig:
    from s2r.speech import huggingface

    huggingface.save(config.model, config.revision, folder / CHECKPOINT)
    return replace(config, model=CHECKPOINT, revision=None)


LOGMEL = EncoderFamily(_load_logmel)
WHISPER = EncoderFamily(_load_whisper, _check_whisper, _save_whisper)
HUGGINGFACE = EncoderFamily(_load_huggingface, _check_huggingface, _save_huggingface)
