"""From the settings of a run (plain values, as in the configuration) to typed configurations."""

from collections.abc import Mapping
from dataclasses import fields

from s2r.model.denoiser import DenoiserConfig
from s2r.model.recurrent import RecurrentConfig
from s2r.model.sampler import SamplerConfig
from s2r.model.tract_model import ModelConfig
from s2r.preparation import TrainingConfig
from s2r.recurrent_training import RecurrentTraining
from s2r.window import Window


def model_config(settings: Mapping) -> ModelConfig:
    """The model of ``s2r.config.run_settings``; the data set its speech width and frame size."""
    return ModelConfig(
        window=Window(**settings["window"]),
        denoiser=DenoiserConfig(**_tuples(settings["denoiser"])),
        **{"pooling": settings["pooling"]} | settings["model"],
    )


def training_config(settings: Mapping) -> TrainingConfig:
    """The training of ``s2r.config.run_settings``."""
    return TrainingConfig(**_tuples(settings["training"]))


def sampler_config(settings: Mapping) -> SamplerConfig:
    """The sampler of ``s2r.config.run_settings``."""
    return SamplerConfig(**_tuples(settings["sampler"]))


def recurrent_configs(settings: Mapping) -> tuple[RecurrentConfig, RecurrentTraining]:
    """The recurrent regression of ``s2r.config.recurrent_settings``: network and training."""
    network = {field.name for field in fields(RecurrentConfig)}
    training = {key: value for key, value in settings.items() if key not in network}
    return RecurrentConfig(**{key: settings[key] for key in network}), RecurrentTraining(**training)


def _tuples(block: Mapping) -> dict:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in block.items()}
