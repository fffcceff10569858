"""Where networks run."""

from s2r.core.errors import UserError


def find_device(device: str) -> str:
    """``cpu`` or ``cuda`` for the configuration's ``auto``, ``cpu`` or ``cuda``.

    Raises UserError for ``cuda`` where PyTorch finds no GPU.
    """
    import torch

    has_gpu = torch.cuda.is_available()
    if device == "cuda" and not has_gpu:
        raise UserError(
            "device: cuda was asked for, but PyTorch finds no GPU here; set device to auto or cpu."
        )
    return "cuda" if has_gpu and device != "cpu" else "cpu"


def half_precision(device):
    """A context in which a network runs in bfloat16, where ``device`` computes in it natively.

    GPUs do, and CPUs with AVX-512 BF16 or AMX (1.7 times faster there); elsewhere nothing changes.
    """
    import torch

    capabilities = torch.cpu.get_capabilities()
    native = device.type == "cuda" or any(
        capabilities.get(name) for name in ("avx512_bf16", "amx_bf16")
    )
    return torch.autocast(device.type, torch.bfloat16, enabled=native)
