"""A changed metric makes the scores anew, and nothing else; a comment makes nothing anew."""

import re
import shutil
import time
from pathlib import Path

import pytest

from helpers.package import install_package
from helpers.repository import ROOT
from s2r.core.source_digest import PACKAGE, code_version

PAIRED = "evaluation/metrics/paired.py"

METRIC = '''
"""A metric."""
SCALE = 2  # twice
"""What it is scaled by."""

def error(a, b):
    """Of two videos."""
    return SCALE * (a - b)
'''

SAME = """# Another comment.
SCALE = 2

def error(a, b):

    # Another comment.
    return (
        SCALE
        * (a - b)
    )
"""


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (SAME, True),
        (METRIC.replace("a - b", "b - a"), False),
        (METRIC.replace("SCALE = 2", "SCALE = 3"), False),
        (METRIC.replace("error(a, b)", "error(a, b=0)"), False),
        (METRIC + "\nerror = None\n", False),
    ],
)
def test_only_what_the_code_says_counts(tmp_path, text, same):
    (tmp_path / "metrics").mkdir()
    file = tmp_path / "metrics" / "error.py"
    file.write_text(METRIC)
    before = code_version("metrics", package=tmp_path)
    assert code_version("metrics/error.py", package=tmp_path) == before
    file.write_text(text)
    assert (code_version("metrics", package=tmp_path) == before) is same


def test_a_part_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        code_version("metrics", package=tmp_path)


def test_metrics_of_other_packages_count_with_their_version(tmp_path, monkeypatch):
    entries = {"s2r.metrics": {"loudness": "loudness:METRIC"}}
    (tmp_path / "m.py").touch()
    without = code_version("m.py", extensions="s2r.metrics", package=tmp_path)
    versions = []
    for version in ("1.0", "1.1"):
        with monkeypatch.context() as patch:
            install_package(patch, tmp_path / version, "loudness", entries, {}, version)
            versions.append(code_version("m.py", extensions="s2r.metrics", package=tmp_path))
    assert len({without, *versions}) == 3
    assert code_version("m.py", package=tmp_path) == code_version(
        "m.py", extensions="s2r.encoders.none", package=tmp_path
    )


def test_it_is_quick():
    start = time.process_time()
    code_version("evaluation", extensions="s2r.metrics")
    assert time.process_time() - start < 0.5  # 0.05 s, measured


@pytest.fixture
def plan(snakemake, tmp_path):
    """``plan()`` gives the rules that would run, with a copy of the package, after all have run."""
    for name in ("workflow", "Snakefile"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    shutil.copytree(PACKAGE, tmp_path / "src" / "s2r")
    for script in (tmp_path / "workflow" / "scripts").glob("*.py"):
        script.write_text(
            "from pathlib import Path\n"
            "for path in map(Path, snakemake.output):\n"
            "    path.write_text(str(path)) if path.suffix else path.mkdir(parents=True)\n"
        )
    config = {
        "recordings": {"shards": 1},
        "encoders": {"whisper-tiny.en": None},
        "recurrent": {"encoders": []},
        "runs": {"whisper-tiny.en": None, "whisper-tiny.en-pooled": None},
    }
    options = ["--snakefile", str(tmp_path / "Snakefile")]
    options += ["--rerun-triggers", "mtime", "input", "params"]
    environment = {"PYTHONPATH": str(tmp_path / "src")}
    process = snakemake("--cores", "4", *options, config=config, environment=environment)
    assert process.returncode == 0, process.stdout

    def rules() -> set[str]:
        process = snakemake("-n", *options, config=config, environment=environment)
        assert process.returncode == 0, process.stdout
        return set(re.findall(r"^(?:local)?(?:rule|checkpoint) (\w+):", process.stdout, re.M))

    return rules


def add(path: Path, line: str) -> None:
    path.write_text(f"{path.read_text()}\n{line}\n")


def test_a_changed_metric_plans_the_scores_and_no_training(plan, tmp_path):
    assert not plan()
    package = tmp_path / "src" / "s2r"
    add(package / PAIRED, "# A comment.")
    add(package / "training/loop.py", "LIMIT = 3")
    assert not plan()

    add(package / "report/table1.py", "LIMIT = 3")
    planned = plan()
    assert {"tables", "articulators"} <= planned
    assert not {"score", "instruments", "train", "generate"} & planned

    add(package / PAIRED, "LIMIT = 3")
    planned = plan()
    computed = {"instruments", "real_features", "score", "score_real", "tables", "words"}
    computed |= {"agreement", "agreement_features", "articulators"}
    computed |= {"phone_times", "phone_recogniser", "phones"}
    assert computed <= planned
    assert not {"frames", "embed", "train", "baseline", "generate", "generate_words"} & planned
