"""Exceptions of the depths that have a cause outside of this program: one sentence each."""

import errno
import os
import re
import sys

from s2r.core.errors import UserError
from s2r.core.files import FULL

FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)

GPU = re.compile("(CUDA|HIP|cuDNN|NCCL) error|CUBLAS_|CUDNN_|(CUDA|NVIDIA) driver|CUDA GPUs")
"""In the errors of PyTorch that have no class of their own."""

CPU = "--device cpu or, in the configuration, device: cpu"


def cause_of(error: BaseException) -> str | None:
    """What the user can do about an exception, in one sentence; None where that is not known."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError):
        return _of_the_system(error)
    text = " ".join(str(error).split("\n")[0].split())
    if isinstance(error, MemoryError) or "DefaultCPUAllocator" in text:
        return f"there is not enough memory ({text}): give less at once, or use a larger machine."
    if isinstance(error, RuntimeError) and _is_of_the_gpu(error, text):
        if "out of memory" in text:
            remedy = "lower the batches of the configuration, or use the processor"
            return f"the GPU has not enough memory ({text}): {remedy} ({CPU})."
        return f"the GPU cannot be used ({text}): use the processor ({CPU})."
    return None


def _of_the_system(error: OSError) -> str | None:
    if error.errno in FULL:
        return "there is no space left on the disk: free some and run again."
    if error.errno == errno.EMFILE:
        return "too many files are open: raise the limit (`ulimit -n`) and run again."
    if error.errno == errno.EIO:
        place = error.filename or "a disk, or a terminal that was closed,"
        return f"{place} cannot be read or written ({error.strerror})."
    if not isinstance(error.filename, str | os.PathLike) or error.strerror is None:
        return None
    return f"{os.fspath(error.filename)}{_about(error)}"


def _about(error: OSError) -> str:
    """What is wrong with the file of an error, and what to do."""
    path = os.fspath(error.filename)
    if error.errno not in FORBIDDEN:
        return f": {error.strerror}."
    reachable = os.access(os.path.dirname(path) or ".", os.X_OK)
    if os.access(path, os.R_OK) or (reachable and not os.path.lexists(path)):
        return " cannot be written: choose another place."
    return " may not be read: change its permissions, or those of its folder."


def _is_of_the_gpu(error: RuntimeError, text: str) -> bool:
    torch = sys.modules.get("torch")  # whoever has not imported it has used no GPU
    if torch is None:
        return False
    return isinstance(error, torch.AcceleratorError | torch.OutOfMemoryError) or bool(
        GPU.search(text)
    )
