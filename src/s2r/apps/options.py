"""Options that several commands have, and numbers with bounds; nothing heavy is imported here."""

import argparse
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path

from s2r.core.units import LARGEST_SEED

WIDTH = 90
"""Columns of the text of ``--help``."""


def add_command(commands, name: str, about: str, description: str, examples: str):
    """The parser of a command; ``about`` is its line in the list of all, ``examples`` are lines
    that begin with ``s2r``."""
    return commands.add_parser(
        name,
        help=about,
        description=textwrap.fill(description, WIDTH),
        epilog="examples:\n" + textwrap.indent(textwrap.dedent(examples).strip(), "  "),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_device(command) -> None:
    command.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="where networks run"
    )


def add_server(command, port: int) -> None:
    """Where a local server listens."""
    command.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    command.add_argument(
        "--port",
        type=port_number,
        default=port,
        help=f"port (default {port}; 0 takes a free one)",
    )
    command.add_argument(
        "--proxy",
        metavar="ADDRESS",
        help="https://NAME of a proxy on this machine that shows the page to others",
    )


def add_overwrite(command, text: str) -> None:
    command.add_argument("--overwrite", action="store_true", help=text)


def add_subject(command) -> None:
    """Whose vocal tract is shown."""
    subject = command.add_mutually_exclusive_group()
    subject.add_argument(
        "--speaker", help="a subject of the model (see `s2r info`; default: the first)"
    )
    subject.add_argument(
        "--reference",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="another subject, midsagittal rtMRI: a still picture at rest or a short film, with or "
        "without sound; may be given several times for pictures of the same speaker",
    )


def _number(text: str, kind: Callable[[str], float], low: float, high: float) -> float:
    """The option ``text``; argparse makes a sentence of the error."""
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not low <= value <= high:  # not a number is in no range
        what = "a whole number" if kind is int else "a number"
        raise argparse.ArgumentTypeError(f"{text!r} is not {what} from {low} to {high}")
    return value


seed_number = partial(_number, kind=int, low=0, high=LARGEST_SEED)
steps_number = partial(_number, kind=int, low=1, high=1000)
guidance_number = partial(_number, kind=float, low=0, high=100)
height_number = partial(_number, kind=int, low=16, high=4096)
slow_number = partial(_number, kind=float, low=1, high=16)
share_number = partial(_number, kind=float, low=0.05, high=0.5)
training_steps_number = partial(_number, kind=int, low=0, high=100_000)
port_number = partial(_number, kind=int, low=0, high=65535)
