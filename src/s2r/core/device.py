"""Where networks run."""

import sys

from s2r.core.errors import UserError


def find_device(device: str) -> str:
    """``cpu`` or ``cuda`` for the configuration's ``auto``, ``cpu`` or ``cuda``.

    ``auto`` is the processor, and a line on standard error says so, where there is a GPU for which
    this PyTorch has no code.

    Raises UserError for ``cuda`` where PyTorch finds no GPU or cannot compute on it, and where
    other programs have taken all of it.
    """
    import torch

    if device == "cpu":
        return "cpu"
    if not torch.cuda.is_available():
        if device == "cuda":
            raise UserError(
                "device: cuda was asked for, but PyTorch finds no GPU here; set device to auto or "
                "cpu."
            )
        return "cpu"
    try:
        # A product and a convolution: the libraries behind them may fail alone.
        square = torch.ones(1, 1, 8, 8, device="cuda")
        torch.nn.functional.conv2d(square @ square, square).sum().item()
    except (RuntimeError, AssertionError) as error:
        reason = " ".join(str(error).split("\n")[0].split())
        if "out of memory" in reason or "busy" in reason:
            raise UserError(
                f"The GPU is in use ({reason}): wait for the other programs, or set device to cpu."
            ) from error
        if device == "cuda":
            raise UserError(
                f"device: cuda was asked for, but PyTorch cannot compute on this GPU ({reason}); "
                "set device to auto or cpu."
            ) from error
        print(
            f"The GPU of this machine cannot be used ({reason}): networks run on the processor.",
            file=sys.stderr,
        )
        return "cpu"
    return "cuda"


def half_precision(device):
    """A context in which a network runs in bfloat16, where ``device`` is faster in it.

    GPUs are, and CPUs with AMX or, if they are not Intel's, with AVX-512 BF16 (AMD EPYC: 1.7 times,
    PyTorch 2.11). Intel's with AVX-512 BF16 alone take 1.7 times as long as in float32, so nothing
    changes there, nor elsewhere.
    """
    import torch

    cpu = torch.cpu.get_capabilities()
    fast_without_amx = cpu.get("avx512_bf16") and not cpu["cpu_name"].startswith("Intel")
    faster = device.type == "cuda" or cpu.get("amx_bf16") or fast_without_amx
    return torch.autocast(device.type, torch.bfloat16, enabled=bool(faster))
