"""What each stage costs a unit, measured on this machine, and what the USC corpus then takes.

    python benchmarks/costs.py --configfile config/usc75.yaml --json costs.json

Networks have random weights, so nothing is downloaded; their sizes are those of the configuration
and of the published encoders. On a GPU batches are those of the configuration; on a CPU they hold
one clip. Every stage runs in a process of its own, whose largest memory is reported. Seconds are
processor time on a CPU, wall time on a GPU. Operations are counted as PyTorch counts them: a
multiplication and an addition are two.
"""

import argparse
import multiprocessing
import os
import platform
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from prepare import write_phantom
from projection import USC75, read_config, tables

from s2r.clock import FRAME_RATE, FRAME_SIZE, SAMPLE_RATE
from s2r.config import run_settings
from s2r.device import find_device
from s2r.errors import UserError
from s2r.files import write_json
from s2r.frames import FramesConfig, prepare_shard
from s2r.generated import CLIP_LENGTH, GeneratedWriter
from s2r.progress import progress
from s2r.store import write_shard

ENCODERS = ("wav2vec2", "hubert", "wavlm")
SIZES = {
    "base": {},
    "large": {
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
        "feat_extract_norm": "layer",
        "do_stable_layer_norm": True,
        "conv_bias": True,
    },
}
"""The published shapes; the defaults of all three families are their base models."""


def decode(config: dict, device: str) -> dict:
    """Seconds, and bytes on disk, of one second of recording: from the file to the shard."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        video = str(write_phantom(folder))
        row = {"recording": "a", "video": video, "audio": video, "subject": "s", "stimulus": "a"}
        shard, rows = Path(folder) / "00.h5", pd.DataFrame([row])
        seconds = min(_seconds(lambda: prepare_shard(rows, shard, FramesConfig()), device, 3))
        with_audio = shard.stat().st_size
        return {"seconds": seconds / 30, "unit": "s of recording", "bytes": with_audio / 30}


def embed(config: dict, device: str, family: str, size: str) -> dict:
    """Cost of one second of speech, in pieces as long as a recording of the corpus on a GPU."""
    import torch
    from transformers import AutoConfig, AutoModel

    length = USC75.mean_seconds if device == "cuda" else 10.0
    shape = AutoConfig.for_model(family, **SIZES[size])
    network = AutoModel.from_config(shape).eval().to(device)
    sound = torch.randn(1, round(length * SAMPLE_RATE), device=device)

    @torch.inference_mode()
    def run() -> None:
        network(sound)

    times = _seconds(run, device, 3 if device == "cuda" else 1)
    with torch.device("meta"):
        counted = AutoModel.from_config(shape, attn_implementation="eager").eval()
        speech = torch.empty(1, round(USC75.mean_seconds * SAMPLE_RATE))
    operations = _operations(lambda: counted(speech))
    with tempfile.TemporaryDirectory() as folder:
        shard, frames = Path(folder) / "00.h5", round(30 * FRAME_RATE)
        array = np.zeros((frames, shape.hidden_size), np.float16)
        write_shard(shard, [("a", {"embeddings": array}, {})], {})
        size_on_disk = shard.stat().st_size / 30
    return {
        "seconds": min(times) / length,
        "unit": "s of speech",
        "tflop": operations / USC75.mean_seconds,
        "bytes": size_on_disk,
    }


def train(config: dict, device: str) -> dict:
    """Cost of one clip seen, and the bytes kept for the backward pass."""
    import torch

    from s2r.model.ema import averaged
    from s2r.preparation import Prepared
    from s2r.training import training_loss

    model, training, clips = _model(config, device)
    training = replace(training, batch=training.batch if device == "cuda" else 1)
    rank = model.regression_components.shape[0]
    left_out = torch.zeros(1, model.config.denoiser.speech_dimension + 1, rank)
    prepared = Prepared(model, clips, left_out, np.zeros(len(clips.lengths), int), 0.0)
    average = averaged(model, training.ema_length)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    kept: dict[int, int] = {}

    def remember(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    def step() -> None:
        loss = training_loss(prepared, training, 0, model)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        average.update_parameters(model)

    operations = _operations(step)
    seconds = min(_seconds(step, device, 5 if device == "cuda" else 1))
    weights = {one.untyped_storage().data_ptr() for one in model.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(remember, lambda tensor: tensor):
        loss = training_loss(prepared, training, 0, model)
    activations = sum(size for place, size in kept.items() if place not in weights)
    del loss
    return {
        "seconds": seconds / training.batch,
        "unit": "clip",
        "tflop": operations / training.batch,
        "activations": activations / training.batch,
        "parameters": sum(one.numel() for one in model.parameters()),
    }


def generate(config: dict, device: str) -> dict:
    """Cost of one generated second, and its bytes on disk."""
    from s2r import run_config
    from s2r.rollout import VideoTask, generate_videos

    model, _, clips = _model(config, device)
    batch, windows = (config["evaluation"]["batch"], 4) if device == "cuda" else (1, 1)
    reference = clips.frames[0].astype(np.float32) / 127.5 - 1
    count = windows * model.config.window.new
    tasks = [VideoTask(clips.speech, reference, seed, count=count) for seed in range(batch)]
    sampler = run_config.sampler_config(_settings(config))

    def run() -> None:
        generate_videos(model, tasks, sampler, batch)

    made = batch * count / FRAME_RATE
    operations = _operations(run)
    seconds = min(_seconds(run, device, 2 if device == "cuda" else 1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.h5"
        with GeneratedWriter(path, system="a") as writer:
            writer.rollout("a", np.zeros((1, 1500, FRAME_SIZE, FRAME_SIZE), np.uint8))
        size_on_disk = path.stat().st_size / 30
    return {
        "seconds": seconds / made,
        "unit": "s generated",
        "tflop": operations / made,
        "bytes": size_on_disk,
    }


def frechet(config: dict, device: str) -> dict:
    """Cost of the features of one clip of 10 frames."""
    import torch

    from s2r.metrics.i3d import InflatedInception, features
    from s2r.metrics.i3d_weights import UNITS

    arrays = {
        name: {"weight": 0.01 * torch.randn(out, into, k, k, k), "bias": torch.zeros(out)}
        for name, (into, out, k) in UNITS.items()
    }
    network = InflatedInception(arrays).eval().to(device)
    count = 16 if device == "cuda" else 2
    clips = np.zeros((count, CLIP_LENGTH, FRAME_SIZE, FRAME_SIZE), np.uint8)
    operations = _operations(lambda: features(network, clips))
    seconds = min(_seconds(lambda: features(network, clips), device, 3))
    return {"seconds": seconds / count, "unit": "clip", "tflop": operations / count}


def score(config: dict, device: str) -> dict:
    """Cost of the paired measures of one second of one video; they run on the processor."""
    from s2r.measures import Measures
    from s2r.metrics.articulation import moving_cells
    from s2r.metrics.paired import dynamic_region
    from s2r.recording_scores import rollout_scores

    video = np.random.default_rng(0).integers(0, 256, (500, FRAME_SIZE, FRAME_SIZE), np.uint8)
    region = dynamic_region([video])
    measures = Measures(region, moving_cells(region))
    work = lambda: rollout_scores(video, video[::-1], measures, None)  # noqa: E731
    return {"seconds": min(_seconds(work, device, 3)) / 10, "unit": "s of video"}


def measure(work: Callable, config: dict, device: str, *arguments: str) -> dict:
    """Run one stage; adds the largest memory of its process, and on a GPU of the card, in bytes."""
    cost = work(config, device, *arguments)
    cost["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if device == "cuda":
        import torch

        cost["card_memory"] = torch.cuda.max_memory_allocated()
    return cost


def _settings(config: dict) -> dict:
    return run_settings(config, next(iter(config["runs"])))


def _model(config: dict, device: str):
    """An untrained model of the configuration's first run, its training, and random clips."""
    import torch

    from s2r import run_config
    from s2r.clips import ClipStore
    from s2r.model.tract_model import TractModel

    settings = _settings(config)
    shape, training = run_config.model_config(settings), run_config.training_config(settings)
    width = training.speech_dimensions
    heard = width * (2 * shape.radius + 1)
    shape = replace(shape, denoiser=replace(shape.denoiser, speech_dimension=heard))
    rank = training.components if shape.denoiser.mean_channel else 0
    model = TractModel(shape, width, width, rank).to(device, memory_format=torch.channels_last)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (400, FRAME_SIZE, FRAME_SIZE), np.uint8)
    speech = rng.normal(size=(400, width)).astype(np.float32)
    return model, training, ClipStore(["a"], frames, speech, np.array([0]), np.array([400]))


def _seconds(work: Callable[[], object], device: str, times: int) -> list[float]:
    """Time of ``work``, ``times`` over; of several runs the first is not counted."""
    import torch

    clock = time.perf_counter if device == "cuda" else time.process_time
    taken = []
    for _ in range(times):
        begun = clock()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        taken.append(clock() - begun)
    return taken[1:] or taken


def _operations(work: Callable[[], object]) -> float:
    """Operations of ``work`` in units of 10^12."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() / 1e12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--configfile", help="merged over config/config.yaml")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--json", help="write the costs to this file")
    arguments = parser.parse_args()
    try:
        config, device = read_config(arguments.configfile), find_device(arguments.device)
    except UserError as fault:
        raise SystemExit(str(fault)) from fault
    stages = {"decode": (decode,), "train": (train,), "generate": (generate,)}
    stages |= {"frechet": (frechet,), "score": (score,)}
    for family in ENCODERS:
        stages |= {f"embed {family}-{size}": (embed, family, size) for size in SIZES}
    costs = {}
    context = multiprocessing.get_context("spawn")
    for name, (work, *rest) in progress(stages.items(), "costs"):
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            costs[name] = pool.submit(measure, work, config, device, *rest).result()
    measured = {"device": device, "costs": costs}
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {device}, load {os.getloadavg()[0]:.1f}\n"
    )
    print(tables(measured, config))
    if arguments.json:
        write_json(arguments.json, measured)


if __name__ == "__main__":
    main()
