"""The arguments of ``s2r models`` and ``s2r push``; `s2r.apps.model_list` does the work."""

import argparse
from pathlib import Path

from s2r.apps.options import add_command


def add_models(commands) -> argparse.ArgumentParser:
    """Add the command; returns its parser."""
    return add_command(
        commands,
        "models",
        "list the models on this machine",
        "List the model folders in results/model, in models/ and in the cache of the Hugging Face "
        "hub: name, place, corpus, size, checksum and the version that wrote them.",
        """
        s2r models
        """,
    )


def add_push(commands) -> argparse.ArgumentParser:
    """Add the command; returns its parser."""
    command = add_command(
        commands,
        "push",
        "upload a model folder to the Hugging Face hub",
        "Upload a model folder as a repository of the hub, from where `--model owner/name` and "
        "`s2r.load` take it. Look at its README.md first: it is the page of the repository. Needs "
        "a token that may write (`hf auth login`).",
        """
        s2r push results/model owner/name
        s2r push models/own owner/name --private           for you and whom you let in
        """,
    )
    command.add_argument("folder", type=Path, help="model folder")
    command.add_argument("name", metavar="OWNER/NAME", help="repository; made where it is new")
    command.add_argument("--private", action="store_true", help="a new repository is private")
    command.add_argument("--message", help="of the commit (default: name and checksum)")
    return command
