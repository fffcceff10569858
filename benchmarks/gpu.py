"""Whether a GPU gives what a CPU gives, and how fast it is: both stages of the utterance model.

    python benchmarks/gpu.py --output benchmarks/results
    python benchmarks/gpu.py --small --device cpu

On recordings that it makes itself, it fits the articulation codes, trains the networks and
generates videos, on both devices, with equal random numbers. Everything is done in float32 and in
the precision in which the program runs (bfloat16 where a device has it). The first column of the
table, a CPU in float32, is what the others are compared with; it fails where a difference is larger
than rounding can explain. `benchmarks/gpu.sh` runs it on a machine without a network.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import gpu_data
import torch
from gpu_steps import (
    DEFAULT,
    SMALL,
    Variant,
    decoded,
    fitted,
    operations_of_segments,
    timed_videos,
    trained,
    training_rates,
    two_videos,
)
from gpu_table import LIMITS, Figure, table
from workloads import matrix_rate

from s2r.core.device import find_device
from s2r.core.errors import UserError
from s2r.core.files import atomic_path, write_json
from s2r.preparation.recordings import RecordingSet


class Check:
    """The steps of the check, in order; each adds figures."""

    def __init__(self, device: str, folder: Path, recordings: RecordingSet, small: bool):
        self.folder, self.recordings, self.small = folder, recordings, small
        pairs = [("cpu", True), ("cpu", False)]
        pairs += [(device, True), (device, False)] if device != "cpu" else []
        self.variants = [Variant(*pair) for pair in pairs]
        self.reference, self.last = self.variants[0], self.variants[-1]
        self.schedule = SMALL if small else DEFAULT
        self.steps = 4 if small else 40
        self.figures: list[Figure] = []

    def add(self, name: str, unit: str, values: dict[Variant, float], limits: str = "") -> None:
        """One line of the table; ``limits`` names the entry of `LIMITS` for the comparison."""
        named = {variant.name: float(value) for variant, value in values.items()}
        allowed = {}
        if limits:
            allowed = {variant.name: LIMITS[limits][not variant.float32] for variant in values}
        self.figures.append(Figure(name, unit, named, allowed))

    def stage_one(self) -> None:
        """The articulation codes, fitted on both devices."""
        unseen = self.recordings.members("unseen_subject")[0]
        found, seconds = {}, {}
        for variant in (self.reference, self.last):
            path = self.folder / f"autoencoder-{variant.slug}.safetensors"
            seconds[variant] = fitted(self.schedule, self.recordings, path, variant)
            found[variant] = decoded(path, self.recordings, unseen, variant)
        self.add("stage 1: fit", "s", seconds)
        difference = (found[self.last] - found[self.reference]).abs()
        self.add("stage 1: largest difference", "grey levels", {self.last: difference.max()}, "fit")
        self.add(
            "stage 1: mean difference", "grey levels", {self.last: difference.mean()}, "fit mean"
        )

    @property
    def codes(self) -> Path:
        """The autoencoder that all trainings share."""
        return self.folder / f"autoencoder-{self.reference.slug}.safetensors"

    def short_trainings(self) -> dict[str, dict[str, list[float]]]:
        """Stage 2 on all devices, a few steps; returns the losses."""
        losses, seconds, steps = {}, {}, self.steps
        short = self.schedule.of_steps(steps, steps)
        split = self.recordings.split
        seen = replace(self.recordings, split=split[split["set"] == "train"])
        for variant in self.variants:
            begun = time.perf_counter()
            folder = self.folder / variant.slug
            curve = trained(short, seen, self.codes, folder, variant, same_numbers=True)
            seconds[variant] = time.perf_counter() - begun
            losses[variant] = curve["loss"].to_numpy()
        self.add("stage 2: short training", "s", seconds)
        for name, part in (("mean", slice(0, steps)), ("residual", slice(steps, None))):
            first = losses[self.reference][part]
            for kind, place in (("first loss", 0), ("last loss", -1)):
                self.add(
                    f"{name}: {kind}", "", {v: found[part][place] for v, found in losses.items()}
                )
            largest, mean = {}, {}
            for variant in self.variants[1:]:
                on_cpu = Variant("cpu", variant.float32)
                if variant != on_cpu:
                    ratio = losses[variant][part] / losses[on_cpu][part]
                    largest[variant] = abs(ratio - 1).max()
                mean[variant] = abs(losses[variant][part].mean() / first.mean() - 1)
            if largest:
                label = f"{name}: loss of {steps} steps, largest difference from a CPU of the same"
                self.add(f"{label} precision", "relative", largest, "loss")
            label = f"{name}: mean loss of {steps} steps, difference"
            self.add(label, "relative", mean, "mean loss")
        return {v.name: found.tolist() for v, found in losses.items()}

    def whole_training(self) -> Path:
        """Stage 2 as the configuration has it, on the device; returns the model."""
        schedule = self.schedule.of_steps(self.steps, 4) if self.small else self.schedule
        folder, device = self.folder / "whole", self.last.device
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        begun = time.perf_counter()
        curve = trained(schedule, self.recordings, self.codes, folder, self.last)
        self.add("default training", "s", {self.last: time.perf_counter() - begun})
        if device == "cuda":
            memory = torch.cuda.max_memory_allocated()
            self.add("default training: peak memory", "GB", {self.last: memory / 1e9})
        path = folder / "model.safetensors"
        kind, rate = matrix_rate(device)
        self.add(f"matrix products in {kind}", "TFLOP/s", {self.last: rate})
        work = operations_of_segments(path, schedule)
        for name, segments in training_rates(curve, schedule).items():
            self.add(f"{name}: training", "segments/s", {self.last: segments})
            share = 100 * segments * work[name] / rate
            self.add(f"{name}: share of the matrix rate", "%", {self.last: share})
        for column in ("validation_error", "draw_error", "wrong_speech_error"):
            value = curve[column].dropna().iloc[-1]
            self.add(f"default training: {column}", "per pixel", {self.last: value})
        return path

    def generation(self, path: Path) -> None:
        """Videos of one model on all devices."""
        unseen = self.recordings.members("unseen_subject")[0]
        found = {v: two_videos(path, self.recordings, unseen, v) for v in self.variants}
        for number, kind in enumerate(("mean", "draw")):
            differences = {
                v: abs(videos[number] - found[self.reference][number])
                for v, videos in found.items()
                if v != self.reference
            }
            largest = {v: difference.max() for v, difference in differences.items()}
            mean = {v: difference.mean() for v, difference in differences.items()}
            self.add(f"{kind} video: largest difference", "grey levels", largest, "video largest")
            self.add(f"{kind} video: mean difference", "grey levels", mean, "video mean")
        # a CPU generates fewer of the videos: its rate does not depend on their number
        seconds, videos = (1, 2) if self.small else (60, 64)
        for count, length in ((1, seconds), (videos, min(10, seconds))):
            rates, memory = {}, {}
            for variant in self.variants:
                number = min(count, 4) if variant.device == "cpu" else count
                rates[variant], memory[variant] = timed_videos(
                    path, self.recordings, unseen, length, number, variant
                )
            name = f"generation, {count} x {length} s"
            self.add(name, "s of video / s", rates)
            cards = {v: m / 1e9 for v, m in memory.items() if v.device == "cuda"}
            if cards:
                self.add(f"{name}: peak memory", "GB", cards)


def about(device: str) -> dict[str, str | int]:
    """The machine and the versions."""
    card = torch.cuda.get_device_name() if device == "cuda" else "none"
    return {
        "card": card,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }


def run(device: str, output: Path, small: bool) -> list[str]:
    """All steps; writes ``gpu.md`` and ``gpu.json`` after each. Returns what is out of bounds."""
    begun, losses = time.perf_counter(), {}
    with tempfile.TemporaryDirectory() as data:
        folder, corpus = Path(data), gpu_data.SMALL if small else gpu_data.DEFAULT
        recordings = gpu_data.make_recordings(corpus, folder, min(os.cpu_count(), 16))
        check = Check(device, folder, recordings, small)
        check.add("recordings made", "s", {check.reference: time.perf_counter() - begun})

        def write() -> None:
            seconds = time.perf_counter() - begun
            print(f"{seconds:.0f} s, {len(check.figures)} figures", file=sys.stderr, flush=True)
            found = about(device) | {"seconds": seconds}
            text = table(found, check.figures, [v.name for v in check.variants])
            with atomic_path(output / "gpu.md") as temporary:
                temporary.write_text(text + "\n")
            figures = [figure.as_dict() for figure in check.figures]
            write_json(output / "gpu.json", found | {"figures": figures, "losses": losses})

        check.stage_one()
        write()
        losses |= check.short_trainings()
        write()
        model = check.whole_training()
        write()
        check.generation(model)
        write()
    return [failure for figure in check.figures for failure in figure.failures()]


def main(arguments: list[str] | None = None) -> int:
    """Command line; 1 where results differ."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--small", action="store_true", help="little of everything, in seconds")
    given = parser.parse_args(arguments)
    try:
        failures = run(find_device(given.device), given.output, given.small)
    except UserError as error:
        raise SystemExit(str(error)) from error
    print((given.output / "gpu.md").read_text())
    for failure in failures:
        print(f"differs: {failure}")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
