"""What docs/usc75.md says of the program, and that its projection follows from its unit costs."""

import re

import pytest

from helpers.repository import ROOT
from s2r.config.check import complete
from s2r.config.files import read_files
from s2r.config.parameters import encoder_settings, run_settings
from s2r.config.systems import SEED_MARK, evaluation_sets
from s2r.config.tree import leaves
from s2r.core.units import FRAME_RATE

PAGE = ROOT / "docs" / "usc75.md"
TEXT = " ".join(PAGE.read_text().split())
RULES = ROOT / "workflow" / "rules"
CONFIG = complete(read_files([ROOT / "config" / "config.yaml", ROOT / "config" / "usc75.yaml"]))
SETTINGS = run_settings(CONFIG, "logmel")
MEAN, RESIDUAL, EVALUATION = SETTINGS["mean"], SETTINGS["residual"], CONFIG["evaluation"]
RUNS, SEEDS = len(CONFIG["runs"]), len(CONFIG["seeds"])
FOLDS = round(MEAN["folds"] * MEAN["fold_share"] * MEAN["clips"])
NUMBERS = 3 * CONFIG["autoencoder"]["codes"] + MEAN["speech_dimensions"]
"""Codes, means and residuals of a frame, and its projected speech."""
COUNTS = {2: "two", 3: "three", 4: "four", 9: "nine"}

STATED = [
    f"each of the {RUNS} runs is trained with {COUNTS[SEEDS]} seeds",
    f"Each of these {RUNS * SEEDS} trainings trains the network of the mean on "
    f"{MEAN['clips'] + FOLDS:,} segments ({FOLDS:,} of them for the {COUNTS[MEAN['folds']]} folds) "
    f"and the denoiser on {RESIDUAL['clips']:,}.",
    f"test sets of {EVALUATION['recordings']} rollouts and {EVALUATION['clips']} clips, "
    f"{COUNTS[EVALUATION['draws']]} draws each of rollouts",
    f"those of the configuration (64 segments of {MEAN['segment'] / FRAME_RATE:g} s)",
    f"The videos of further seeds (`generated/*{SEED_MARK}*`)",
]


@pytest.mark.parametrize("statement", STATED)
def test_it_states_the_numbers_of_the_configuration(statement):
    assert statement in TEXT


def test_it_states_the_assumptions_of_the_projection(benchmark_module):
    module = benchmark_module("projection")
    (slow, fast), share, corpus = module.CARDS, module.REACHED, module.USC75

    def percent(unit: str) -> str:
        return f"{100 * share[unit]:g} %"

    frames = corpus.training_recordings * corpus.mean_seconds * FRAME_RATE
    rounds = -(-RUNS * SEEDS // module.SEVERAL["GPUs"])
    for statement in (
        f"({slow.name}: {slow.bfloat16:g} TFLOP/s in bfloat16, {slow.float32:g} in single "
        f"precision; {fast.name}: {fast.bfloat16:g} and {fast.float32:g})",
        f"{percent('train mean')} in bfloat16 for the network of the mean, "
        f"{percent('train residual')} for the denoiser, {percent('generate')} in generation, "
        f"{percent('embed hubert-large')} in single precision for the encoders (HuBERT's) and "
        f"{percent('frechet')} for features.",
        f"{corpus.recordings:,} recordings of {corpus.mean_seconds} s on average (Lim et al. "
        f"2021), {corpus.seconds / 3600:.0f} hours",
        f"the {corpus.training_recordings:,} training recordings are encoded once",
        f"{RUNS * SEEDS} trainings take {COUNTS[rounds]} rounds on four GPUs",
        f"{NUMBERS} numbers for each of {frames / 1e6:.0f} million frames, "
        f"{4 * NUMBERS * frames / 1e9:.1f} GB",
    ):
        assert statement in TEXT, statement


def test_the_networks_have_as_many_weights_as_it_says(benchmark_module):
    model = benchmark_module("utterance_work").untrained(CONFIG, "cpu")
    weights = sum(parameter.numel() for parameter in model.parameters())
    assert f"The networks of a run have {weights:,} weights" in TEXT


def unit_costs() -> dict[str, dict]:
    """The table of unit costs, as ``benchmarks/costs.py`` hands it to the projection."""
    table = PAGE.read_text().split("## Unit costs, measured")[1].split("## The whole corpus")[0]
    costs = {}
    for name, unit, *cells in re.findall(
        r"^\| ([\w -]+), ([\w ]+) \| ([\d.]+) \| ([\d.]*) \| [\d.]+ \| ([\d.]*) \|$", table, re.M
    ):
        seconds, operations, kilobytes = (float(cell or 0) for cell in cells)
        costs[name] = {"seconds": seconds, "tflop": operations, "unit": unit}
        costs[name]["bytes"] = 1000 * kilobytes
    return costs


def test_the_projection_takes_the_shares_that_the_measured_card_reached(benchmark_module):
    """Of the H100's rates in the data sheet, which are the H200's."""
    module, costs = benchmark_module("projection"), unit_costs()
    _, card = module.CARDS
    precisions = {stage.cost: stage.precision for stage in module.stages(CONFIG)}
    for unit, share in module.REACHED.items():
        rate = costs[unit]["tflop"] / costs[unit]["seconds"]
        assert share == pytest.approx(rate / getattr(card, precisions[unit]), rel=0.1), unit


@pytest.mark.parametrize("card", ["H200", "A100"])
def test_hours_follow_from_the_unit_costs_and_the_configuration(benchmark_module, card):
    module = benchmark_module("projection")
    cards = {known.name: known for known in module.CARDS}
    rows = module.hours_table(unit_costs(), CONFIG, cards.get(card)).splitlines()
    assert len(rows) == 13
    for row in rows:
        assert row in PAGE.read_text().splitlines(), row


def test_disk_space_follows_from_the_unit_costs_and_the_configuration(benchmark_module):
    rows = benchmark_module("projection").disk_table(unit_costs(), CONFIG).splitlines()[2:]
    assert len(rows) == 6
    assert set(rows) <= set(PAGE.read_text().splitlines())


@pytest.mark.parametrize("network", ["mean", "residual"])
def test_operations_of_training_are_those_of_the_configuration(benchmark_module, network):
    """They are exact counts, and go with the length of a segment."""
    work = getattr(benchmark_module("utterance_work"), f"{network}_step")(CONFIG, "cpu", 1)
    counted = benchmark_module("workloads").operations(work.run) / work.amount
    assert f"{counted:.4f}" == f"{unit_costs()[f'train {network}']['tflop']:.4f}"


def test_settings_and_folders_that_it_names_exist():
    known = {dotted for dotted, _ in leaves()}
    named = set(re.findall(r"`((?:mean|residual|evaluation|recordings)\.\w+)`", TEXT))
    assert {"mean.clips", "residual.clips", "evaluation.draws"} <= named <= known
    assert '"<results>/generated/{system}/{set}.h5"' in (RULES / "words.smk").read_text()


def test_recordings_are_listed_after_their_frames_are_made():
    assert "frames=FRAMES," in (RULES / "recordings.smk").read_text()
    assert "Every file is checked, and its frames and sound are made." in TEXT


def test_every_shard_is_a_job_on_one_core():
    rule = (RULES / "frames.smk").read_text()
    assert "{shard}.h5" in rule and "threads:" not in rule


def test_log_mel_needs_no_speech_model():
    assert encoder_settings(CONFIG, "logmel") == {
        "kind": "logmel",
        "model": None,
        "revision": None,
        "layer": "top",
    }


def test_its_models_are_nine_of_the_paper_and_two_more():
    extra = {"logmel", "wav2vec2-phoneme"}
    assert extra < CONFIG["runs"].keys() and RUNS - len(extra) == 9
    assert {run["preset"] for run in CONFIG["runs"].values()} == {"s2r"}
    assert len(evaluation_sets(CONFIG)) == 3
