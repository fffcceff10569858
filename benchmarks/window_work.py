"""The work of preset paper, with a network of random weights on random data."""

from dataclasses import replace

import numpy as np
import torch
from workloads import Work, first_settings, training_step

from s2r.config.build import build
from s2r.config.model_blocks import SamplerConfig
from s2r.config.window_blocks import TrainingConfig
from s2r.core.units import FRAME_RATE, FRAME_SIZE, to_unit_range
from s2r.generation.window_videos import generate_videos
from s2r.model.family import VideoTask
from s2r.model.window_model import WindowModel, model_config
from s2r.training.fitting import Prepared
from s2r.training.loss import training_loss
from s2r.training.windows import WindowDataset


def untrained(settings: dict, device: str, order: torch.memory_format) -> Prepared:
    """A model of random weights, kept in ``order``, and a random recording."""
    shape, training = model_config(settings), build(TrainingConfig, settings["training"])
    width = training.speech_dimensions
    speech_width = width * (2 * shape.radius + 1)
    shape = replace(shape, denoiser=replace(shape.denoiser, speech_dimension=speech_width))
    model = WindowModel(shape, width, width).to(device, memory_format=order)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (400, FRAME_SIZE, FRAME_SIZE), np.uint8)
    speech = rng.normal(size=(400, width)).astype(np.float32)
    clips = WindowDataset(["a"], frames, speech, np.array([0]), np.array([400]))
    return Prepared(model, clips)


def window_step(config: dict, device: str, batch: int) -> Work:
    """A training step of the configuration's first run on ``batch`` clips."""
    settings = first_settings(config)
    prepared = untrained(settings, device, torch.channels_last)
    prepared.clips = prepared.clips.on_device(device)
    training = replace(build(TrainingConfig, settings["training"]), batch=batch)
    model = prepared.model
    return training_step(
        lambda: training_loss(prepared, training, 0, model),
        model,
        model,
        training.ema_length,
        batch,
    )


def window_generation(config: dict, device: str, windows: int) -> Work:
    """One video of ``windows`` windows, with the first run's sampler."""
    settings = first_settings(config)
    prepared = untrained(settings, device, torch.contiguous_format)
    model, clips = prepared.model.eval(), prepared.clips
    count = windows * model.config.window.new
    tasks = [VideoTask(clips.speech, to_unit_range(clips.frames[0]), seed=0, count=count)]
    sampler = build(SamplerConfig, settings["sampler"])

    def run() -> None:
        generate_videos(model, tasks, sampler, on_frames=lambda _: None)

    return Work(run, count / FRAME_RATE, model)
