"""What each stage costs a unit, measured on this machine, and what the USC corpus then takes.

    python benchmarks/costs.py --configfile config/usc75.yaml --json costs.json

Networks have random weights, so nothing is downloaded; their sizes are those of the configuration,
whose runs must be of preset s2r, and of the published encoders. Batches are those of the
configuration. Every stage runs in a process of its own, whose largest memory is reported. Seconds
and operations: see `workloads`.
"""

import argparse
import multiprocessing
import os
import platform
import resource
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from prepare import write_phantom
from projection import USC75, read_config, tables
from workloads import first_settings, operations, seconds

from s2r.core.device import find_device
from s2r.core.errors import UserError
from s2r.core.files import write_json
from s2r.core.progress import progress
from s2r.core.shards import Shards, write_shard
from s2r.core.units import FRAME_RATE, FRAME_SIZE, SAMPLE_RATE
from s2r.generation.clip_choice import CLIP_LENGTH
from s2r.generation.generated_file import GeneratedWriter
from s2r.preparation.frames import FramesConfig, prepare_shard

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


def phantom_row(folder: str) -> pd.DataFrame:
    """A recording ``a`` of the phantom of 30 s, written below ``folder``."""
    video = str(write_phantom(folder))
    row = {"recording": "a", "video": video, "audio": video, "subject": "s", "stimulus": "a"}
    return pd.DataFrame([row])


def decode(config: dict, device: str) -> dict:
    """Seconds, and bytes on disk, of one second of recording: from the file to the shard."""
    with tempfile.TemporaryDirectory() as folder:
        shard, rows = Path(folder) / "00.h5", phantom_row(folder)
        taken = min(seconds(lambda: prepare_shard(rows, shard, FramesConfig()), device, 3))
        return {"seconds": taken / 30, "unit": "s of recording", "bytes": shard.stat().st_size / 30}


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

    times = seconds(run, device, 3 if device == "cuda" else 1)
    with torch.device("meta"):
        counted = AutoModel.from_config(shape, attn_implementation="eager").eval()
        speech = torch.empty(1, round(USC75.mean_seconds * SAMPLE_RATE))
    count = operations(lambda: counted(speech))
    with tempfile.TemporaryDirectory() as folder:
        shard, frames = Path(folder) / "00.h5", round(30 * FRAME_RATE)
        array = np.zeros((frames, shape.hidden_size), np.float16)
        write_shard(shard, [("a", {"embeddings": array}, {})], {})
        size_on_disk = shard.stat().st_size / 30
    return {
        "seconds": min(times) / length,
        "unit": "s of speech",
        "tflop": count / USC75.mean_seconds,
        "bytes": size_on_disk,
    }


def register(config: dict, device: str) -> dict:
    """What is done with a recording before its frames get codes: read it, find its resting frame,
    register it."""
    import torch
    from utterance_work import untrained

    from s2r.preparation.recordings import RecordingSet
    from s2r.training.recording_codes import references_of

    autoencoder = untrained(config, device).autoencoder
    with tempfile.TemporaryDirectory() as folder:
        shard = Path(folder) / "00.h5"
        prepare_shard(phantom_row(folder), shard, FramesConfig())
        recordings = RecordingSet(Shards([shard]))
        autoencoder.template.copy_(references_of(recordings, ["a"], device))

        @torch.inference_mode()
        def run() -> None:
            recordings.video("a")
            autoencoder.speakers(references_of(recordings, ["a"], device))

        return {"seconds": min(seconds(run, device, 3)), "unit": "recording"}


def encode(config: dict, device: str) -> dict:
    """Cost of the codes of one second of a recording that is registered."""
    import torch
    from utterance_work import untrained

    from s2r.core.units import to_unit_range

    autoencoder = untrained(config, device).autoencoder
    frames = np.random.default_rng(0).integers(0, 256, (500, FRAME_SIZE, FRAME_SIZE), np.uint8)
    speaker = autoencoder.speakers(autoencoder.template)

    @torch.inference_mode()
    def run() -> None:
        video = torch.from_numpy(to_unit_range(frames))[:, None].to(device)
        autoencoder.encode(video, speaker)

    return {"seconds": min(seconds(run, device, 3)) / 10, "unit": "s of recording"}


def train(config: dict, device: str, network: str) -> dict:
    """Cost of one segment seen by ``network``, mean or residual."""
    import utterance_work

    batch = first_settings(config)[network]["batch"]
    work = getattr(utterance_work, f"{network}_step")(config, device, batch)
    taken = min(seconds(work.run, device, 5))
    return {
        "seconds": taken / batch,
        "unit": "segment",
        "tflop": operations(work.run) / batch,
        "parameters": sum(one.numel() for one in work.model.parameters()),
    }


def generate(config: dict, device: str) -> dict:
    """Cost of one generated second of a recording of 30 s, and its bytes on disk."""
    from utterance_work import generation

    work = generation(config, device, 30 * FRAME_RATE)
    taken = min(seconds(work.run, device, 3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.h5"
        with GeneratedWriter(path, system="a", kind="model") as writer:
            writer.rollout("a", np.zeros((1, 1500, FRAME_SIZE, FRAME_SIZE), np.uint8))
        size_on_disk = path.stat().st_size / 30
    return {
        "seconds": taken / work.amount,
        "unit": "s generated",
        "tflop": operations(work.run) / work.amount,
        "bytes": size_on_disk,
    }


def frechet(config: dict, device: str) -> dict:
    """Cost of the features of one clip of 10 frames."""
    import torch

    from s2r.evaluation.metrics.i3d import InflatedInception, features
    from s2r.evaluation.metrics.i3d_weights import UNITS

    arrays = {
        name: {"weight": 0.01 * torch.randn(out, into, k, k, k), "bias": torch.zeros(out)}
        for name, (into, out, k) in UNITS.items()
    }
    network = InflatedInception(arrays).eval().to(device)
    count = 16 if device == "cuda" else 2
    clips = np.zeros((count, CLIP_LENGTH, FRAME_SIZE, FRAME_SIZE), np.uint8)
    counted = operations(lambda: features(network, clips))
    taken = min(seconds(lambda: features(network, clips), device, 3))
    return {"seconds": taken / count, "unit": "clip", "tflop": counted / count}


def score(config: dict, device: str) -> dict:
    """Cost of the paired metrics of one second of one video; they run on the processor."""
    from s2r.evaluation.instruments import Instruments
    from s2r.evaluation.metrics.articulation import moving_cells
    from s2r.evaluation.recording_scores import rollout_scores
    from s2r.preparation.region import dynamic_region

    video = np.random.default_rng(0).integers(0, 256, (500, FRAME_SIZE, FRAME_SIZE), np.uint8)
    region = dynamic_region([video])
    instruments = Instruments(region, moving_cells(region))
    work = lambda: rollout_scores(video, video[::-1], instruments)  # noqa: E731
    return {"seconds": min(seconds(work, device, 3)) / 10, "unit": "s of video"}


def measure(work: Callable, config: dict, device: str, *arguments: str) -> dict:
    """Run one stage; adds the largest memory of its process, and on a GPU of the card, in bytes."""
    cost = work(config, device, *arguments)
    cost["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if device == "cuda":
        import torch

        cost["card_memory"] = torch.cuda.max_memory_allocated()
    return cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--configfile", help="merged over config/config.yaml")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--json", help="write the costs to this file")
    arguments = parser.parse_args()
    try:
        config, device = read_config(arguments.configfile), find_device(arguments.device)
    except UserError as error:
        raise SystemExit(str(error)) from error
    stages = {"decode": (decode,), "register": (register,), "encode": (encode,)}
    stages |= {f"train {network}": (train, network) for network in ("mean", "residual")}
    stages |= {"generate": (generate,), "frechet": (frechet,), "score": (score,)}
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
