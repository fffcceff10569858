"""From unit costs to hours and disk of a whole experiment: arithmetic only.

    python benchmarks/projection.py costs.json --configfile config/usc75.yaml

Costs that ``benchmarks/costs.py`` measured on a GPU are multiplied by the amounts. From costs of a
CPU a stage on a GPU takes its operations, divided by what the card's data sheet says it can do,
times the share of it that an H200 reached. That another card reaches the same share is the weak
point: hours go with its inverse.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from s2r.config.files import read_files
from s2r.config.parameters import run_settings
from s2r.config.systems import (
    evaluation_sets,
    replicates,
    run_with_gaussian,
    seeds_of,
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

REACHED = {"train mean": 0.027, "train residual": 0.006, "generate": 0.002}
REACHED |= {"embed hubert-base": 0.5, "embed hubert-large": 0.5, "frechet": 0.25}
"""Share of the data sheet's rate that an H200 reached (989 and 67 TFLOP/s, docs/usc75.md), for each
unit of cost. The utterance model's networks are small: a GPU needs most of the time to start its
kernels, and to decode pictures, which has few operations."""

STAGE_1_SECONDS = 6000 / FRAME_RATE
STAGE_1_NOISE = 40
"""Stage 1 takes components from so many seconds of frames and noise from so many recordings
(`s2r.training.autoencoder`)."""

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


def segments(settings: Mapping) -> dict[str, float]:
    """Segments that the two trainings of a run of preset s2r see, those of the folds included."""
    mean = settings["mean"]
    folds = mean["folds"] * mean["fold_share"]
    return {"mean": mean["clips"] * (1 + folds), "residual": settings["residual"]["clips"]}


def clip_seconds(settings: Mapping) -> float:
    """Seconds that are drawn for a clip of a run of preset s2r: it has all that it depends on.

    See `s2r.model.utterance_sampling.reach`.
    """
    sampler = settings["sampler"]
    calls = (sampler["steps"] + 1) * (1 if sampler["solver"] == "dpm_solver" else 2)
    reach = sum(settings["mean"]["dilations"]) + calls * sum(settings["residual"]["dilations"])
    return (CLIP_LENGTH + 2 * reach) / FRAME_RATE


def stages(config: Mapping, corpus: Corpus = USC75) -> list[Stage]:
    """Everything that the configuration, whose runs are of preset s2r, computes on the corpus.

    The runs share stage 1, the articulation codes. Every test set is taken to have as many
    recordings as are asked for, and a mean to cost as much as a draw. Validation, the other
    closed-form fits, recurrent regressions and the samples are left out. Raises UserError for a run
    of another preset.
    """
    evaluation, shards = config["evaluation"], config["recordings"]["shards"]
    sets, runs = len(evaluation_sets(config)), list(config["runs"])
    settings = [run_settings(config, run) for run in runs for _ in seeds_of(config, run)]
    if other := [one["preset"] for one in settings if one["preset"] != "s2r"]:
        raise UserError(f"runs: the costs of preset {other[0]} are not known; leave such runs out.")
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
    count, seen = len(settings), corpus.training_recordings
    # stage 1 fits components and noise, and encodes all that runs are trained on
    encoded = STAGE_1_SECONDS + (STAGE_1_NOISE + seen) * corpus.mean_seconds
    found += [
        Stage("stage 1: register", "register", seen, 1),
        Stage("stage 1: fit and encode", "encode", encoded, 1),
    ]
    for network in ("mean", "residual"):
        amount = sum(segments(one)[network] for one in settings)
        name = f"train the {network}, {count} runs"
        found.append(Stage(name, f"train {network}", amount, count, "bfloat16"))
    # draws, the one with the wrong speech, and the mean; the draws again with noise of one run
    drawn = [run_settings(config, run) for run in _drawn(config)]
    made = len(drawn) * rollout * (draws + 1) + count * rollout
    made += clips * sum(clip_seconds(one) for one in [*drawn, *settings])
    # The mean of the draws is scored like one more draw; any other system has one video.
    single = len(replicates(config)) - len(drawn)
    scored = rollout * (len(drawn) * (draws + 1) + single)
    number = len(replicates(config))
    return [
        *found,
        Stage(f"generate, {count} runs", "generate", made, count, "bfloat16"),
        Stage("Fréchet features", "frechet", clips * (number + 1), number + 1, "float32"),
        Stage("paired metrics", "score", scored, number),
    ]


def _drawn(config: Mapping) -> list[str]:
    """The runs whose videos are drawn, once for each seed; the last one again with noise in place
    of diffusion."""
    again = run_with_gaussian(config)
    names = [*config["runs"], *([again] if again else [])]
    return [run for run in names for _ in seeds_of(config, run)]


def side_by_side(hours: float, jobs: int, workers: int) -> float:
    """Hours of equal jobs on several workers: the last round may leave some of them idle."""
    rounds = -(-jobs // workers)
    return hours * rounds / max(jobs, 1)


def hours(stage: Stage, cost: Mapping, card: Card | None) -> float:
    """Hours of a stage, one job at a time: as measured, or projected onto a card."""
    if stage.precision is None or card is None:
        return stage.amount * cost["seconds"] / 3600
    rate = getattr(card, stage.precision) * REACHED[stage.cost]
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
            where = f"{card.name}, {REACHED[stage.cost]:.1%}" if card else "GPU"
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
    drawn = len(_drawn(config))
    single = len(replicates(config)) - drawn
    generated = drawn * (rollout * (evaluation["draws"] + 1) + clips) + single * (rollout + clips)
    rows = [("frames and sound", corpus.seconds * costs["decode"]["bytes"])]
    for size in ("base", "large"):
        count, unit = len(encoders_of(config, size)), costs[f"embed hubert-{size}"]["bytes"]
        rows.append((f"embeddings of {count} {size} encoders", count * corpus.seconds * unit))
    numbers = corpus.mean_seconds * FRAME_RATE * config["autoencoder"]["codes"]
    numbers += 5 * config["frames"]["size"] ** 2  # the reference frame and two grids
    rows.append(("codes of the training recordings", 4 * corpus.training_recordings * numbers))
    rows.append(("generated videos of all systems", generated * costs["generate"]["bytes"]))
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
            f"| {name}, {cost['unit']} | {cost['seconds']:.3g} | {operations} "
            f"| {cost['memory'] / 1e9:.2f} | {size} |"
        )
    lines.append(f"\nThe networks of a run have {costs['train mean']['parameters']:,} weights.")
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
