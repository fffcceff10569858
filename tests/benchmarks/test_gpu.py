"""The check on a GPU, as far as it goes on a CPU."""

import json
import re

import torch

from helpers.repository import ROOT


def test_the_small_form_passes_on_a_cpu(benchmark_module, tmp_path, capsys):
    gpu = benchmark_module("gpu")
    assert gpu.main(["--small", "--device", "cpu", "--output", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "gpu.json").read_text())
    figures = {figure["name"]: figure for figure in found["figures"]}
    assert all(value >= 0 for figure in figures.values() for value in figure["values"].values())
    assert figures["generation, 1 x 1 s"]["values"]["cpu"] > 0
    assert set(found["losses"]) == {"cpu, float32", "cpu"}
    assert {len(losses) for losses in found["losses"].values()} == {2 * 4}
    compared = [name for name, figure in figures.items() if figure["limits"]]
    assert len(compared) == 8
    table = capsys.readouterr().out
    assert table.count("\n| ") == 1 + len(figures)


def test_what_is_out_of_bounds_is_named(benchmark_module):
    figure = benchmark_module("gpu_table").Figure
    values = {"cpu, float32": 0.5, "cuda": 0.5}
    assert figure("a", "s", values, {}).failures() == []
    assert figure("a", "s", values, {"cuda": 0.5}).failures() == []
    wrong = figure("loss", "relative", values, {"cuda": 0.4}).failures()
    assert wrong == ["loss: 0.5 relative (cuda), at most 0.4 is rounding"]
    assert figure("a", "s", {"cuda": float("nan")}, {"cuda": 1.0}).failures()


def test_random_numbers_of_a_card_are_those_of_a_cpu(benchmark_module, monkeypatch):
    steps = benchmark_module("gpu_steps")

    class OnCard:
        """Stands for a generator of a card."""

        device = torch.device("meta")

        def initial_seed(self) -> int:
            return 5

    drawn = []
    monkeypatch.setattr(torch.Tensor, "to", lambda tensor, device: drawn.append(tensor) or tensor)
    asked = {"generator": OnCard(), "device": "meta"}
    steps.SameNumbers().__torch_function__(torch.rand, (), (3,), asked)
    expected = torch.rand(3, generator=torch.Generator().manual_seed(5))
    torch.testing.assert_close(drawn[0], expected, rtol=0, atol=0)
    bits, asked = torch.empty(3, dtype=torch.int64), {"generator": OnCard()}
    everything = (-(2**63), None)
    steps.SameNumbers().__torch_function__(torch.Tensor.random_, (), (bits, *everything), asked)
    expected = torch.empty_like(bits)
    expected.random_(*everything, generator=torch.Generator().manual_seed(5))
    assert torch.equal(bits, expected)


def test_the_script_names_the_packages_that_constraints_pin():
    script = (ROOT / "benchmarks" / "gpu.sh").read_text()
    fetched = re.search(r"--dest \S+ \\\n#\s+(.*)", script).group(1).split()
    pinned = (ROOT / "constraints.txt").read_text().replace("_", "-")
    assert len(fetched) == 6
    assert [name for name in fetched if f"\n{name}==" not in f"\n{pinned}"] == []
