"""One side of the comparison in `peer`: a process that does a job each time it is told to.

    python benchmarks/peer_worker.py s2r '{"config": {...}, "device": "cpu", "batch": 2}'

First it says in one line of JSON what it is. Every line of standard input then names a job, and is
answered by a line of JSON: seconds of wall and of processor time, and the largest memory so far.
Each side has an environment of its own, so only the standard library is imported up here.
"""

import contextlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

T5_WIDTH = 768
"""Embedding width of T5 v1.1 base."""

CLIP_FRAMES = 10
"""Frames of a clip: 200 ms."""

Jobs = dict[str, Callable[[], object]]


def authors(device: str, batch: int) -> tuple[Any, Jobs]:
    """The paper's network, training step and sampler, as its released code sets them up.

    Two U-Nets are built and the first one is trained, without a data loader: clips of 10 frames of
    64 x 64 pixels in 3 channels, 10 speech embeddings of width 1024, and the frame given.
    """
    import torch
    import transformers

    # Only this width of a text encoder that is never used; importing the package would fetch it.
    encoder = transformers.T5Config(d_model=T5_WIDTH)
    transformers.T5Config.from_pretrained = lambda name: encoder
    from imagen_pytorch import ElucidatedImagen, ImagenTrainer, Unet3D

    torch.manual_seed(0)
    unets = [Unet3D(dim=64, dim_mults=(1, 2, 4, 8)) for _ in range(2)]
    imagen = ElucidatedImagen(
        unets=unets,
        text_embed_dim=1024,
        image_sizes=(64, 64),
        random_crop_sizes=(None, 16),
        temporal_downsample_factor=(1, 1),
        cond_drop_prob=0.1,
        num_sample_steps=10,
        sigma_min=0.002,
        sigma_max=(80, 160),
        sigma_data=0.5,
        rho=7,
        P_mean=-1.2,
        P_std=1.2,
        S_churn=80,
        S_tmin=0.05,
        S_tmax=50,
        S_noise=1.003,
    )
    trainer = ImagenTrainer(imagen.to(device)).to(device)
    video = torch.rand(batch, 3, 10, 64, 64, device=device)
    conditions = {
        "text_embeds": torch.randn(batch, 10, 1024, device=device),
        "cond_video_frames": video[:, :, :1],
    }

    def train() -> None:
        trainer(video, unet_number=1, max_batch_size=batch, ignore_time=False, **conditions)
        trainer.update(unet_number=1)

    def clip() -> None:
        first = {name: tensor[:1] for name, tensor in conditions.items()}
        trainer.sample(
            video_frames=10, stop_at_unet_number=1, batch_size=1, use_tqdm=False, **first
        )

    return imagen.unets[0], {"train": train, "clip": clip}


def s2r(config: dict, device: str, batch: int) -> tuple[Any, Jobs]:
    """The model of the first run of ``config``, see `window_work` and `utterance_work`.

    Preset paper: a training step on clips of a window, and a window generated. Preset s2r: a
    training step of the mean on segments, and 200 ms generated. Every job is there as the program
    does it, in bfloat16 where the machine has it, and in float32. Embeddings come projected: s2r
    does that once for a recording.
    """
    from workloads import first_settings

    if first_settings(config)["preset"] == "paper":
        from window_work import window_generation, window_step

        from s2r.model import window_sampling as sampling
        from s2r.training import loss

        step, clip = window_step(config, device, batch), window_generation(config, device, 1)
    else:
        from utterance_work import generation, mean_step

        from s2r.model import utterance_sampling as sampling
        from s2r.training import utterance_loss as loss

        step, clip = mean_step(config, device, batch), generation(config, device, CLIP_FRAMES)

    def in_float32(job: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            with contextlib.ExitStack() as stack:
                for module in (loss, sampling):
                    whole = {"half_precision": lambda device: contextlib.nullcontext()}
                    stack.enter_context(patch.multiple(module, **whole))
                job()

        return run

    jobs = {"train": step.run, "clip": clip.run}
    return step.model, jobs | {f"{name}, float32": in_float32(job) for name, job in jobs.items()}


def serve(make: Callable[[], tuple[Any, Jobs]], device: str, answers) -> None:
    """Do the jobs that standard input asks for, one a line, and write to ``answers``."""
    import torch

    def say(content: dict) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    network, jobs = make()
    say({"parameters": sum(one.numel() for one in network.parameters())})
    for line in sys.stdin:
        wall, processor = time.perf_counter(), time.process_time()
        jobs[line.strip()]()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if device == "cuda":
            torch.cuda.synchronize()
            memory = torch.cuda.max_memory_allocated()
        taken = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
        say(taken | {"memory": memory})


if __name__ == "__main__":
    # Whatever a library prints must not be taken for an answer.
    with os.fdopen(os.dup(1), "w") as pipe:
        os.dup2(2, 1)
        options = json.loads(sys.argv[2])
        side = {"authors": authors, "s2r": s2r}[sys.argv[1]]
        serve(lambda: side(**options), options["device"], pipe)
