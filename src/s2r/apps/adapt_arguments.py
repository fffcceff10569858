"""The arguments of the command ``adapt``; `s2r.apps.adapt` does the work."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from s2r.core.units import LARGEST_SEED


def add_adapt(commands, number: Callable[..., float]) -> None:
    """Add the command; ``number`` reads an option (``text, kind, low, high``), see `s2r.cli`."""
    command = commands.add_parser(
        "adapt",
        help="adapt a model to one speaker, from the speaker's own film",
        description="Fine-tune a model folder on film of one speaker (midsagittal rtMRI, 10 s or "
        "more), with sound or silent. Takes minutes on a CPU. The end of every film is held out: "
        "it says what was gained, in a table and in a video beside the new folder.",
    )
    command.set_defaults(command=_adapt)
    command.add_argument("folder", type=Path, metavar="MODEL", help="model folder (preset s2r)")
    command.add_argument(
        "--film",
        type=Path,
        action="append",
        required=True,
        dest="films",
        metavar="FILE",
        help="film of the speaker; may be given several times",
    )
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="the adapted model"
    )
    command.add_argument(
        "--hold-out",
        type=partial(number, kind=float, low=0.05, high=0.5),
        default=0.2,
        help="share at the end of every film that is held out, 0.05 to 0.5 (default 0.2)",
    )
    command.add_argument(
        "--steps",
        type=partial(number, kind=int, low=0, high=100_000),
        help="steps of the training (default: stopped early)",
    )
    command.add_argument(
        "--seed",
        type=partial(number, kind=int, low=0, high=LARGEST_SEED),
        default=0,
        help="of the training (default 0)",
    )
    command.add_argument(
        "--force", action="store_true", help="accept films that do not look like rtMRI"
    )
    command.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="where networks run"
    )
    command.add_argument(
        "--overwrite",
        action="store_true",
        help="replace a model folder although its files were changed",
    )


def _adapt(options: argparse.Namespace) -> None:
    from s2r.apps.adapt import adapt_folder

    print(adapt_folder(**{key: value for key, value in vars(options).items() if key != "command"}))
