"""The names of the files that `s2r generate` writes, from those of the files of speech."""

from collections.abc import Sequence
from pathlib import Path

from s2r.core.errors import UserError


def output_names(speech: Sequence[Path], output: Path | None, suffix: str) -> list[Path]:
    """One file for each file of speech: ``output`` itself, or its name in the folder ``output``.

    Without ``output`` the folder is the working directory. ``suffix`` is that of the files.

    Raises:
        UserError: the folder is not there (it is not made: a typing error would scatter files);
            several files would have one name, or ``output`` another suffix.
    """
    if output is None or (output.is_dir() and output.suffix != suffix):
        return _in_folder(speech, output or Path(), suffix)
    if len(speech) > 1:
        if output.suffix or output.exists():
            raise UserError(
                f"{output} is one file, and there are {len(speech)} files of speech: name a folder."
            )
        raise UserError(f"There is no folder {output}: make it, or name another one.")
    if output.suffix == "":
        raise UserError(
            f"There is no folder {output}: make it, or name a file that ends in {suffix}."
        )
    if output.suffix != suffix:
        kind = suffix.removeprefix(".")
        raise UserError(f"{output}: it is written as {kind}; use a name that ends in {suffix}.")
    return [output]


def _in_folder(speech: Sequence[Path], folder: Path, suffix: str) -> list[Path]:
    names: dict[Path, Path] = {}
    for source in speech:
        name = folder / f"{source.stem}{suffix}"
        if name in names:
            raise UserError(
                f"{names[name]} and {source} would both become {name}: rename one, or generate "
                "them by two calls into two folders."
            )
        names[name] = source
    return [*names]
