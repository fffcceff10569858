"""The table in the paper's shape, from made-up score files of the experiment on the USC corpus."""

import json
import re

import pytest

from helpers.repository import ROOT
from s2r.config import parameters, systems
from s2r.config.files import read_files
from s2r.config.systems import SETS, Kind, kinds_of_systems
from s2r.report.table1 import write_tables

TABLE_I = [
    ("hubert", "base", "no"),
    ("hubert", "large", "no"),
    ("hubert", "large", "yes"),
    ("wavlm", "base", "no"),
    ("wavlm", "large", "no"),
    ("wavlm", "large", "yes"),
    ("wav2vec2", "base", "no"),
    ("wav2vec2", "large", "no"),
    ("wav2vec2", "large", "yes"),
]

MEANS = (Kind.MEAN, Kind.RECURRENT, Kind.MEAN_FRAME)
"""Kinds whose video is a mean."""


@pytest.fixture(scope="module")
def config():
    """The default with usc75.yaml over it, as snakemake merges them, without the nulls."""
    files = [ROOT / "config" / name for name in ("config.yaml", "usc75.yaml")]
    return read_files(files)


def score_file(folder, config, system, kind, place):
    """SSIM 0.5 + place / 100 in every set, two recordings 0.1 apart; FVD 100 + place, 80 to 140."""
    run = system.removeprefix("mean-").removeprefix("gaussian-")
    is_run = run in config["runs"]
    own = config["runs"].get(run, {})
    if kind == Kind.RECURRENT:
        run = system.removeprefix("recurrent-")
        own, is_run = {"encoder": run, "pooling": False}, True
    estimate = "mean" if kind in MEANS else "draw"
    ssim = {"mode": "clip", "estimate": estimate, "metric": "ssim", "region": "frame", "frames": 10}
    middle = 0.5 + place / 100
    values = [ssim | {"recording": r, "value": middle + d} for r, d in (("a", -0.05), ("b", 0.05))]
    fvd = {"n": 500, "value": 100.0 + place, "low": 80.0, "high": 140.0, "network": "I3D"}
    distances = {"fvd": fvd | {"sha256": "ab" * 32, "warning": ""}}
    content = {
        "system": system,
        "kind": kind,
        "encoder": own.get("encoder", ""),
        "size": parameters.size_label(config, own["encoder"]) if is_run else "",
        "pooling": {True: "yes", False: "no"}.get(own.get("pooling"), ""),
        "preset": own.get("preset", ""),
        "estimate": estimate,
        "draws": 4,
        "sets": {
            name: {"values": values, "distances": distances, "oracle": system == "mean_frame"}
            for name in SETS
        },
    }
    path = folder / f"{system}.json"
    path.write_text(json.dumps(content))
    return path


def write(folder, config, kinds):
    files = [
        score_file(folder, config, *system, place) for place, system in enumerate(kinds.items())
    ]
    paths = {name: folder / f"table.{name}" for name in ("scores", "csv", "markdown", "tex")}
    write_tables(score_files=files, **paths, figure=folder / "t.png", synthetic=False, resamples=50)
    return paths["markdown"].read_text(), paths["tex"].read_text()


@pytest.fixture(scope="module")
def texts(config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    return write(folder, config, kinds_of_systems(config))


def markdown_table(text):
    """Rows of cells of the first table."""
    lines = text[text.index("| Encoder") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_nine_rows_of_the_paper_then_a_rule_then_floors_and_controls(texts):
    head, _, *rows = markdown_table(texts[0])
    assert head[:3] == ["Encoder", "Size", "Pooling"]
    measured = [f"{m} {s}" for m in ("FVD", "SSIM") for s in ("speech", "subject", "both")]
    assert head[3:] == measured
    assert {len(row) for row in rows} == {9}
    rule = [row[0] for row in rows].index("_floors and controls_")
    described = [tuple(row[:3]) for row in rows]
    assert described[0] == ("real video, other recording", "-", "-")
    assert described[1:rule] == [*TABLE_I, ("wav2vec2-phoneme", "large", "no")]
    below = described[rule + 1 :]
    assert below[:2] == [("copied frame", "-", "-"), ("mean frame of the subject", "-", "-")]
    assert below[2:-1] == [
        ("mean from logmel", "-", "no"),
        *((f"mean from {name}", *rest) for name, *rest in described[1:rule]),
        (f"noise around the mean from {described[1][0]}", *described[1][1:]),
        ("recurrent regression from hubert", "large", "no"),
    ]
    assert below[-1] == ("logmel", "-", "no")


def test_cells_hold_the_value_and_half_the_interval(texts, config):
    _, _, *rows = markdown_table(texts[0])
    cells = {tuple(row[:3]): row[3:] for row in rows}
    place = systems.systems(config).index("hubert-large-pooled")
    fvd, ssim = f"{100 + place}.0\xa0±\xa030.0", f"{0.5 + place / 100:.3f}\xa0±\xa00.050"
    assert cells["hubert", "large", "yes"] == [fvd] * 3 + [ssim] * 3
    oracle = cells["mean frame of the subject", "-", "-"]
    assert all("\\*" in cell for cell in oracle)


def test_latex_is_balanced_and_escaped(texts):
    tex = texts[1]
    assert tex.count("{") - tex.count(r"\{") == tex.count("}") - tex.count(r"\}")
    assert set(re.findall(r"\\begin\{(\w+)", tex)) == {"table", "tabular"}
    assert tex.count(r"\begin{") == tex.count(r"\end{")
    first = tex[tex.index(r"\begin{tabular}") : tex.index(r"\end{tabular}")]
    assert r"\begin{tabular}{lllrrrrrr}" in first
    rows = [line for line in first.splitlines() if line.endswith(r"\\")]
    groups, *others = rows
    assert groups.count("&") == 4
    assert groups.count(r"\multicolumn{3}{c}") == 2
    assert {row.count("&") - row.count(r"\&") for row in others} == {8}
    assert len(others) == 1 + 11 + 16  # head, real and ten models, floors and controls
    assert first.count(r"\midrule") == 2
    assert r"$\pm$" in first
    assert not re.search(r"(?<!\\)[_#]|±|é", tex)


def test_special_characters_of_names_are_escaped(config, tmp_path):
    odd = {"encoder": "a{b}$c~^\\d_e", "pooling": False, "preset": "s2r"}
    changed = config | {
        "runs": {"mine": odd},
        "encoders": {odd["encoder"]: {"kind": "logmel", "size": "50%"}},
    }
    _, tex = write(tmp_path, changed, {"real_other": Kind.REAL_OTHER, "mine": Kind.MODEL})
    assert r"a\{b\}\$c\textasciitilde{}\textasciicircum{}\textbackslash{}d\_e & 50\% & no" in tex


def test_runs_of_one_encoder_are_distinguished_by_name(config, tmp_path):
    runs = {"first": config["runs"]["hubert-base"], "second": config["runs"]["hubert-base"]}
    markdown, _ = write(tmp_path, config | {"runs": runs}, dict.fromkeys(runs, Kind.MODEL))
    names = [row[0] for row in markdown_table(markdown)[2:]]
    assert names == ["hubert (first)", "hubert (second)"]
