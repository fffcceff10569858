"""From unit costs to hours and disk of a whole experiment: arithmetic only.

    python benchmarks/projection.py costs.json --configfile config/usc75.yaml

Costs that ``benchmarks/costs.py`` measured on a GPU are multiplied by the amounts. From costs of a
CPU a stage on a GPU takes its operations, divided by what the card's data sheet says it can do,
times the share of it that is assumed to be reached. That share is the weak point: hours go with
its inverse.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from s2r.config.files import read_files
from s2r.config.parameters import run_settings
from s2r.config.systems import (
    BASELINES,
    evaluation_sets,
    run_with_gaussian,
    runs_with_mean,
    systems,
)
from s2r.core.errors import UserError
from s2r.core.units import FRAME_RATE
from s2r.generation.clip_choice import CLIP_LENGTH


@dataclass(frozen=True)
class Corpus:
    """Size of a corpus, and the share of it that is trained on."""

    recordings: int
    mean_seconds: float
    training_recordings: int

    @property
    def seconds(self) -> float:
        return self.recordings * self.mean_seconds


USC75 = Corpus(2371, 30.3, 60 * 22)
"""Lim et al. 2021; sixty subjects read eleven stimuli twice. 29 files are missing, some of them
among those counted here as trained on."""


@dataclass(frozen=True)
class Card:
    """A GPU by its data sheet: operations a second, in units of 10^12, without sparsity."""

    name: str
    bfloat16: float
    float32: float


CARDS = (Card("A100", 312, 19.5), Card("H100 SXM", 989, 67))

REACHED = {"bfloat16": 0.1, "float32": 0.4}
"""Assumed share of the data sheet's rate. Networks of few channels, as the denoiser, reach little
of the matrix units' rate; the encoders are large matrix products in single precision."""

SEVERAL = {"GPUs": 4, "cores": 32}
"""The small cluster."""


@dataclass(frozen=True)
class Stage:
    """How much of a unit is needed, in how many jobs that may run side by side."""

    name: str
    cost: str
    amount: float
    jobs: int
    precision: str | None = None
    """None for what runs on processors."""


def read_config(configfile: str | None) -> dict:
    """The embedded default, with ``configfile`` merged over it as Snakemake does."""
    return read_files(filter(None, ["config/config.yaml", configfile]))


def encoders_of(config: Mapping, size: str) -> list[str]:
    """Names of the encoders of a size that are networks of the wav2vec 2.0 family."""
    return [
        name
        for name, encoder in config["encoders"].items()
        if encoder["kind"] == "huggingface" and encoder.get("size") == size
    ]


def stages(config: Mapping, corpus: Corpus = USC75) -> list[Stage]:
    """Everything that the configuration computes on the corpus.

    Every test set is taken to have as many recordings as are asked for. A clip needs a whole
    window. Validation, the closed-form fits and the samples are left out.
    """
    evaluation, shards = config["evaluation"], config["recordings"]["shards"]
    sets, runs = len(evaluation_sets(config)), list(config["runs"])
    settings = [run_settings(config, run) for run in runs]
    rollout = sets * evaluation["recordings"] * corpus.mean_seconds
    clips = sets * evaluation["clips"]
    draws = evaluation["draws"]
    found = [Stage("frames", "decode", corpus.seconds, shards)]
    for size in ("base", "large"):
        names = encoders_of(config, size)
        found.append(
            Stage(
                f"embed, {len(names)} {size} encoders",
                f"embed hubert-{size}",
                len(names) * corpus.seconds,
                len(names) * shards,
                "float32",
            )
        )
    trained = sum(one["training"]["clips"] for one in settings)
    windows = sum(one["window"]["new"] for one in settings) / FRAME_RATE
    made = len(runs) * rollout * (draws + 1) + clips * windows
    regressions = len(runs_with_mean(config))
    # The mean of the draws is scored like one more draw; a regression and a baseline have one.
    drawn = len(runs) + int(run_with_gaussian(config) is not None)
    scored = rollout * (drawn * (draws + 1) + regressions + len(BASELINES))
    count = len(systems(config))
    return [
        *found,
        Stage(f"train, {len(runs)} runs", "train", trained, len(runs), "bfloat16"),
        Stage(f"generate, {len(runs)} runs", "generate", made, len(runs), "bfloat16"),
        Stage("Fréchet features", "frechet", clips * (count + 1), count + 1, "float32"),
        Stage("paired metrics", "score", scored, count),
    ]


def side_by_side(hours: float, jobs: int, workers: int) -> float:
    """Hours of equal jobs on several workers: the last round may leave some of them idle."""
    rounds = -(-jobs // workers)
    return hours * rounds / max(jobs, 1)


def hours(stage: Stage, cost: Mapping, card: Card | None) -> float:
    """Hours of a stage, one job at a time: as measured, or projected onto a card."""
    if stage.precision is None or card is None:
        return stage.amount * cost["seconds"] / 3600
    rate = getattr(card, stage.precision) * REACHED[stage.precision]
    return stage.amount * cost["tflop"] / rate / 3600


def hours_table(costs: Mapping[str, Mapping], config: Mapping, card: Card | None) -> str:
    """Markdown: hours of each stage on one machine with one card, and on the small cluster.

    ``card`` None: costs were measured on a GPU, and are taken as they are.
    """
    cluster = f"{SEVERAL['GPUs']} GPUs, {SEVERAL['cores']} cores"
    lines = [
        f"| stage | amount | runs on | hours, one GPU, 8 cores | hours, {cluster} |",
        "|---|---|---|---|---|",
    ]
    totals = [0.0, 0.0]
    for stage in stages(config):
        cost = costs[stage.cost]
        alone = hours(stage, cost, card)
        workers = (8, SEVERAL["cores"]) if stage.precision is None else (1, SEVERAL["GPUs"])
        taken = [side_by_side(alone, stage.jobs, number) for number in workers]
        totals = [total + one for total, one in zip(totals, taken, strict=True)]
        where = "cores"
        if stage.precision is not None:
            where = f"{card.name}, {REACHED[stage.precision]:.0%}" if card else "GPU"
        lines.append(
            f"| {stage.name} | {stage.amount:,.0f} {cost['unit']} | {where} "
            f"| {taken[0]:.2f} | {taken[1]:.2f} |"
        )
    return "\n".join([*lines, f"| all | | | {totals[0]:.1f} | {totals[1]:.1f} |"])


def disk_table(costs: Mapping[str, Mapping], config: Mapping, corpus: Corpus = USC75) -> str:
    """Markdown: gigabytes of what is written; embeddings of small encoders are left out."""
    evaluation, sets = config["evaluation"], len(evaluation_sets(config))
    rollout = sets * evaluation["recordings"] * corpus.mean_seconds
    clips = sets * evaluation["clips"] * CLIP_LENGTH / FRAME_RATE
    runs, video = len(config["runs"]), costs["generate"]["bytes"]
    single = len(systems(config)) - runs
    generated = runs * (rollout * (evaluation["draws"] + 1) + clips) + single * (rollout + clips)
    rows = [("frames and sound", corpus.seconds * costs["decode"]["bytes"])]
    for size in ("base", "large"):
        count, unit = len(encoders_of(config, size)), costs[f"embed hubert-{size}"]["bytes"]
        rows.append((f"embeddings of {count} {size} encoders", count * corpus.seconds * unit))
    trained = corpus.training_recordings * corpus.mean_seconds
    rows += [
        ("generated videos of all systems", generated * video),
        ("frames in training order, state/ of one run", trained * video),
    ]
    rows.append(("all", sum(size for _, size in rows)))
    return "\n".join(
        ["| what | GB |", "|---|---|", *(f"| {name} | {size / 1e9:.1f} |" for name, size in rows)]
    )


def tables(measured: Mapping, config: Mapping) -> str:
    """All tables of what ``costs.py`` measured, as Markdown."""
    costs = measured["costs"]
    lines = [
        "| unit | s | TFLOP | memory of the process, GB | kB on disk |",
        "|---|---|---|---|---|",
    ]
    for name, cost in costs.items():
        operations = f"{cost['tflop']:.4f}" if "tflop" in cost else ""
        size = f"{cost['bytes'] / 1e3:.1f}" if "bytes" in cost else ""
        lines.append(
            f"| {name}, {cost['unit']} | {cost['seconds']:.4f} | {operations} "
            f"| {cost['memory'] / 1e9:.2f} | {size} |"
        )
    trained = costs["train"]
    batch = config["training"]["batch"]
    lines.append(
        f"\n{trained['parameters']:,} weights; training keeps {trained['activations'] / 1e9:.3f} "
        f"GB a clip for the backward pass, {batch * trained['activations'] / 1e9:.1f} GB for a "
        f"batch of {batch}."
    )
    cards = [None] if measured["device"] == "cuda" else CARDS
    parts = ["\n".join(lines), *(hours_table(costs, config, card) for card in cards)]
    return "\n\n".join([*parts, disk_table(costs, config)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("costs", type=Path, help="what costs.py wrote")
    parser.add_argument("--configfile", help="merged over config/config.yaml")
    arguments = parser.parse_args()
    try:
        config = read_config(arguments.configfile)
    except UserError as error:
        raise SystemExit(str(error)) from error
    print(tables(json.loads(arguments.costs.read_text()), config))


if __name__ == "__main__":
    main()
