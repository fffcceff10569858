"""Files that a user names as outputs: nothing is replaced that this program did not write.

What is written under such a name ends with a seal, the SHA-256 of all bytes before it. So a file
counts as written here only while nobody has changed it.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from s2r.core.errors import UserError

SEAL_BYTES = 56

MARK = SEAL_BYTES.to_bytes(4, "big") + b"free" + b"written by s2r\0\0"
"""Begin of a seal: in MP4 a box of free space. HDF5 passes over what follows its own bytes."""


@contextlib.contextmanager
def sealed(path: Path) -> Iterator[None]:
    """Seal the file that is complete at ``path`` when the block ends without an error."""
    yield
    digest = _digest(path, path.stat().st_size)
    with open(path, "ab") as file:
        file.write(MARK + digest)


def is_sealed(path: str | Path) -> bool:
    """Whether a file was written by `sealed`, and is as it was then."""
    content = os.stat(path).st_size - SEAL_BYTES
    if content < 0:
        return False
    with open(path, "rb") as file:
        file.seek(content)
        seal = file.read()
    return seal.startswith(MARK) and seal == MARK + _digest(Path(path), content)


def check_outputs(outputs: Iterable[Path], inputs: Iterable[Path], overwrite: bool) -> None:
    """Refuse outputs that would destroy something: to be called before any work.

    Args:
        outputs: files to write.
        inputs: files that are read.
        overwrite: whether files that others have written may be replaced.

    Raises:
        UserError: an output is an input, under this or another name (a link), is another output,
            a link, a folder, in a folder that is not there, or a file that was not written here or
            was changed since.
    """
    inputs, earlier = list(inputs), []
    for output in outputs:
        for source in inputs:
            if _same(output, source):
                raise UserError(
                    f"{output} is the input {source} itself: choose another name for the output."
                )
        for other in earlier:
            if _same(output, other):
                raise UserError(f"{output} and {other} are one file: choose another name for one.")
        earlier.append(output)
        if output.is_symlink():
            raise UserError(
                f"{output} is a link to {os.readlink(output)}: name the place that it leads to."
            )
        if output.is_dir():
            raise UserError(f"{output} is a folder: name a file in it.")
        if not output.exists():
            _check_parent(output)
        elif not output.is_file():
            raise UserError(f"{output} is not a file that can be replaced: choose another name.")
        elif not overwrite and not is_sealed(output):
            raise UserError(
                f"{output} exists, and was not written by s2r or was changed since: choose another "
                "name for the output, or replace it with --overwrite."
            )


def _check_parent(output: Path) -> None:
    above = next((folder for folder in output.parents if folder.exists()), None)
    if above is not None and not above.is_dir():
        raise UserError(f"{output} cannot be written ({above} is a file): choose another place.")
    if not output.parent.exists():  # it is not made: a typing error would scatter files
        raise UserError(f"{output}: there is no folder {output.parent}: make it, or name another.")


def _same(first: Path, second: Path) -> bool:
    """Whether two paths are one place, by whatever links and spellings."""
    if first.exists() and second.exists():
        return first.samefile(second)
    return first.resolve() == second.resolve()


def _digest(path: Path, length: int) -> bytes:
    """SHA-256 of the first ``length`` bytes of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while length > 0 and (block := file.read(min(length, 1 << 20))):
            digest.update(block)
            length -= len(block)
    return digest.digest()
