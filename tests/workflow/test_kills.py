"""The comparison of disturbed runs with an undisturbed one, on calls that stand for snakemake's."""

import sys
from types import SimpleNamespace

import pytest

from s2r.core.errors import UserError

CALL = """
import pathlib, sys, time
pathlib.Path("results").mkdir(exist_ok=True)
{body}
pathlib.Path("results/table1.csv").write_text("a")
"""


@pytest.fixture
def kills(benchmark_module, monkeypatch):
    """The script, with calls that run the given bodies one after the other."""
    module = benchmark_module("kills")

    def stand_in(*bodies):
        calls = iter([sys.executable, "-c", CALL.format(body=body)] for body in bodies)
        monkeypatch.setattr(module, "command", lambda folder, arguments: next(calls))
        monkeypatch.setattr(module, "ROOT", module.ROOT / "nothing")
        return module

    return stand_in


def test_kills_are_counted_and_the_end_is_that_of_a_calm_run(kills, tmp_path):
    module = kills(*["time.sleep(600)"] * 3, "")
    arguments = SimpleNamespace(kills=3, longest=1, seed=0)
    rounds = module.disturbed(tmp_path / "disturbed", arguments)
    (tmp_path / "calm" / "results").mkdir(parents=True)
    (tmp_path / "calm" / "results" / "table1.csv").write_text("a")
    assert rounds == [module.digests(tmp_path / "calm")]
    (tmp_path / "calm" / "results" / "table1.csv").write_text("b")
    assert rounds != [module.digests(tmp_path / "calm")]


def test_a_call_that_fails_is_reported(kills, tmp_path):
    module = kills("sys.exit(3)")
    with pytest.raises(UserError, match="snakemake failed with status 3"):
        module.disturbed(tmp_path / "disturbed", SimpleNamespace(kills=0, longest=1, seed=0))
