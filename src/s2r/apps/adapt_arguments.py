"""The arguments of ``s2r adapt``; `s2r.apps.adapt` does the work."""

import argparse
from pathlib import Path

from s2r.apps.options import (
    add_command,
    add_device,
    add_overwrite,
    seed_number,
    share_number,
    training_steps_number,
)


def add_adapt(commands) -> argparse.ArgumentParser:
    """Add the command; returns its parser."""
    command = add_command(
        commands,
        "adapt",
        "adapt a model to one speaker, from the speaker's own film",
        "Fine-tune a model folder on film of one speaker (midsagittal rtMRI, 10 s or more), with "
        "sound or silent. Takes minutes on a CPU. The end of every film is held out: it says what "
        "was gained, in a table and in a video beside the new folder.",
        """
        s2r adapt results/model --film own.mp4 -o models/own
        s2r adapt results/model --film a.mp4 --film b.mp4 -o models/own --hold-out 0.3
        """,
    )
    command.add_argument(
        "model", metavar="MODEL", help="model folder, or owner/name on the hub (preset s2r)"
    )
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
        type=share_number,
        default=0.2,
        help="share at the end of every film that is held out, 0.05 to 0.5 (default 0.2)",
    )
    command.add_argument(
        "--steps",
        type=training_steps_number,
        help="steps of the training (default: stopped early)",
    )
    command.add_argument("--seed", type=seed_number, default=0, help="of the training (default 0)")
    command.add_argument(
        "--force", action="store_true", help="accept films that do not look like rtMRI"
    )
    add_device(command)
    add_overwrite(command, "replace a model folder although its files were changed")
    return command
