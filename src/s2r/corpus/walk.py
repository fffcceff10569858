"""Every file below a folder, through links to folders, and every place that cannot be read."""

import os
from collections.abc import Iterator
from pathlib import Path

from s2r.core.errors import UserError

POINTERS = {b"/annex/objects/": "git annex get", b"version https://git-lfs": "git lfs pull"}
"""How files begin that stand for content which was not fetched, and the command that fetches it."""


def walk(root: str | Path) -> Iterator[tuple[Path, str]]:
    """Yield files below ``root`` by name, each with "" or a sentence on why it cannot be read.

    A folder that cannot be read, or a link that leads to nothing, is yielded too, with its
    sentence. Links to folders are followed, but not back into a folder that they are in. Hidden
    files and folders are passed over. Raises UserError where ``root`` itself cannot be read.
    """
    root = Path(root)
    try:
        os.scandir(root).close()
    except OSError as error:
        raise UserError(f"{root}: this folder cannot be read ({error.strerror}).") from error
    yield from _walk(root, ())


def listed(folder: Path) -> list[Path]:
    """What is in a folder and not hidden, by name; nothing where it cannot be read."""
    if unreadable(folder):
        return []
    return [folder / name for name in sorted(os.listdir(folder)) if not name.startswith(".")]


def unreadable(folder: Path) -> str:
    """Why a folder cannot be read, or ""."""
    try:
        os.scandir(folder).close()
    except OSError as error:
        return f"unreadable: the folder {folder} cannot be read ({error.strerror})"
    return ""


def unfetched(path: str | Path) -> str:
    """Why a file is no more than the name of content that git-annex or Git LFS keeps, or "".

    Raises OSError where the file cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(max(map(len, POINTERS)))
    commands = [command for start, command in POINTERS.items() if head.startswith(start)]
    if not commands:
        return ""
    return f"missing: the content of {Path(path).name} is not here; call {commands[0]}"


def _walk(folder: Path, above: tuple[tuple[int, int], ...]) -> Iterator[tuple[Path, str]]:
    if problem := unreadable(folder):
        yield folder, problem
        return
    about = folder.stat()
    within = (*above, (about.st_dev, about.st_ino))
    for path in listed(folder):
        try:
            about = path.stat()
        except OSError as error:
            yield path, _without_file(path, error)
            continue
        if not path.is_dir():
            yield path, "" if path.is_file() else f"unreadable: {path} is no file"
        elif (about.st_dev, about.st_ino) not in within:
            yield from _walk(path, within)


def _without_file(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and os.path.islink(path):
        target = os.readlink(path)
        fetch = "; call git annex get" if "annex/objects" in target else ""
        return f"missing: {path} is a link to {target}, which is not there{fetch}"
    return f"unreadable: {path}: {error.strerror}"
