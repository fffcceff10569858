"""Unpack a zip archive that is not trusted: into one folder only, and completely or not at all."""

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.progress import progress

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Usual compression methods. With others a small member may fill the memory."""


def unpack(archive: str | Path, folder: str | Path) -> None:
    """Unpack ``archive`` to the new ``folder``; a top folder of the same name is left out.

    Raises UserError, and leaves no folder, if the archive is damaged, a member has a name that
    leads out of the folder or is a link, two members have the same place, or the disk is too
    small. No member becomes longer than the archive says.
    """
    archive, folder = Path(archive), Path(folder)
    try:
        with zipfile.ZipFile(archive) as packed:
            members: dict[PurePosixPath, zipfile.ZipInfo] = {}
            for member in packed.infolist():
                if not member.is_dir() and not member.filename.startswith("__MACOSX/"):
                    name = _inside(member, archive, folder.name)
                    if name in members or member.compress_type not in METHODS:
                        raise zipfile.BadZipFile(f"{name} occurs twice or is packed unusually")
                    members[name] = member
            total = sum(member.file_size for member in members.values())
            free = shutil.disk_usage(archive.parent).free
            if total > free:
                raise UserError(
                    f"{archive}: {total:,} bytes are needed to unpack it and {free:,} are free; "
                    "make room and start again."
                )
            _extract(packed, members, folder, total)
    # RuntimeError: a member has a password, or needs more than zipfile can do.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise UserError(
            f"{archive}: it cannot be unpacked ({error}); delete it and fetch it again."
        ) from error
    except OSError as error:
        raise UserError(
            f"{archive}: it cannot be unpacked into {folder} ({error.strerror}); make it "
            "writable, and start again."
        ) from error


def _extract(packed: zipfile.ZipFile, members: dict, folder: Path, total: int) -> None:
    with (
        atomic_path(folder) as temporary,
        progress(total=total, label=f"unpack {folder.name}", unit="B", unit_scale=True) as bar,
    ):
        temporary.mkdir()
        for name, member in members.items():
            target = temporary / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with packed.open(member) as source, open(target, "wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
            bar.update(member.file_size)


def _inside(member: zipfile.ZipInfo, archive: Path, top: str) -> PurePosixPath:
    """The path of a member below the folder."""
    name = PurePosixPath(member.filename)
    link = stat.S_ISLNK(member.external_attr >> 16)
    outside = name.is_absolute() or ".." in name.parts or set("\\:\0") & set(member.filename)
    if link or outside or not name.parts:
        raise UserError(
            f"{archive}: its member {member.filename!r} is a link or leads out of the folder; "
            "nothing was unpacked, fetch the archive from its own record."
        )
    return PurePosixPath(*name.parts[1:]) if name.parts[0] == top else name
