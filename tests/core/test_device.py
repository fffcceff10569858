"""Where networks run, on machines that are simulated."""

import pytest
import torch

from s2r.core.device import find_device, half_precision
from s2r.core.errors import UserError


@pytest.fixture
def card(monkeypatch):
    """A card that PyTorch sees, and that answers with an error."""

    def answer(sentence: str) -> None:
        def ones(*_, **__):
            raise torch.AcceleratorError(sentence)

        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch, "ones", ones)

    return answer


def test_without_a_card(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert find_device("auto") == find_device("cpu") == "cpu"
    with pytest.raises(UserError, match="finds no GPU"):
        find_device("cuda")


def test_a_card_without_kernels_leaves_the_work_to_the_processor(card, capsys):
    card("CUDA error: no kernel image is available for execution on the device\nCompile with")
    assert find_device("cpu") == "cpu"
    assert capsys.readouterr().err == ""
    assert find_device("auto") == "cpu"
    assert capsys.readouterr().err == (
        "The GPU of this machine cannot be used (CUDA error: no kernel image is available for "
        "execution on the device): networks run on the processor.\n"
    )
    with pytest.raises(UserError, match=r"cannot compute on this GPU .*no kernel image"):
        find_device("cuda")


@pytest.mark.parametrize("taken", ["CUDA out of memory. Tried to", "all devices are busy"])
def test_a_card_that_others_use_is_not_given_up(card, taken):
    """A long training would otherwise go on where it takes weeks."""
    card(taken)
    for device in ("auto", "cuda"):
        with pytest.raises(UserError, match="The GPU is in use"):
            find_device(device)


@pytest.mark.parametrize(
    ("name", "capabilities", "faster"),
    [
        ("AMD EPYC 9654", {"avx512_bf16": True}, True),
        ("AMD EPYC 7763", {"avx512_bf16": False}, False),
        ("Intel Xeon", {"avx512_bf16": True, "amx_bf16": True}, True),
        ("Intel Xeon", {"avx512_bf16": True, "amx_bf16": False}, False),
        ("Apple M2", {}, False),
    ],
)
def test_processors_compute_in_bfloat16_where_they_are_faster_in_it(
    monkeypatch, name, capabilities, faster
):
    found = {"cpu_name": name} | capabilities
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    with half_precision(torch.device("cpu")):
        assert torch.is_autocast_enabled("cpu") == faster
