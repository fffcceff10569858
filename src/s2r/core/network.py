"""Whether anything may be fetched: a block in which nothing is."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from s2r.core.errors import UserError

OFFLINE = "HF_HUB_OFFLINE"
"""Environment variable that the hub's client reads when it is imported."""

_CLOSED = ContextVar("closed", default=False)


@contextmanager
def no_network() -> Iterator[None]:
    """Nothing is fetched in the block: what is not on this machine is an error.

    The hub's own client, where it is loaded, refuses all requests as well.
    """
    token, before = _CLOSED.set(True), os.environ.get(OFFLINE)
    os.environ[OFFLINE] = "1"  # for a hub that is imported in the block
    _tell_hub(True)
    try:
        yield
    finally:
        _CLOSED.reset(token)
        del os.environ[OFFLINE]
        if before is not None:
            os.environ[OFFLINE] = before
        _tell_hub(before not in (None, "", "0"))


def _tell_hub(offline: bool) -> None:
    hub = sys.modules.get("huggingface_hub.constants")
    if hub:
        hub.HF_HUB_OFFLINE = offline


def require_network(wanted: str) -> None:
    """Raise UserError in a block of `no_network`; ``wanted`` is what would be fetched."""
    if _CLOSED.get():
        raise UserError(
            f"{wanted} is missing, and nothing is fetched for a model folder: copy or "
            "export the folder again."
        )
