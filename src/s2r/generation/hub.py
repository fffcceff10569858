"""Model folders that lie on the Hugging Face hub: found, fetched, and uploaded.

A repository of the hub is a model folder as it is: its config.yaml lists the files and their
checksums. Only these are fetched, each by its name, and only kinds of files that hold data. The
hub's own client keeps them in its cache, from where they are read again without a network.
"""

import contextlib
import glob
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from s2r.core.errors import UserError
from s2r.core.network import require_network
from s2r.generation.folder_content import (
    CONFIG,
    FolderContent,
    check_files,
    hub_source,
    read_content,
)

DATA = (".safetensors", ".json", ".yaml", ".png", ".md", ".txt")
"""Kinds of files of a repository. None of them is a program, or a pickle, which may be one."""

WHISPER = "whisper-tiny.en.bin"
"""The one other file: weights in a format of their own, whose SHA-256 is known."""

PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?"
HUB_NAME = re.compile(rf"({PART}/{PART})(?:@([\w./-]+))?")
"""``owner/name``, or ``owner/name@revision``: a branch, a tag or a commit."""

OURS = ("results", "models")
"""Folders of the workflow, which are no owners on the hub."""


@dataclass(frozen=True)
class ModelPlace:
    """Where the files of a model folder are."""

    folder: Path
    source: str = ""
    """``owner/name@commit`` of a folder from the hub."""


def find_model(model: str | PurePath, revision: str | None = None) -> ModelPlace:
    """The folder of a model: ``model`` itself, or a repository of the hub, fetched if need be.

    ``model`` is the name of a repository where it looks like one (``owner/name``, with
    ``@revision`` or the argument ``revision``) and there is no such folder, nor one named as the
    owner, here.

    Raises UserError where the repository cannot be reached and is not in the hub's cache, is no
    model folder, or lists files of other kinds than a model folder has.
    """
    name = HUB_NAME.fullmatch(str(model))
    if Path(model).exists() or not name or _is_local(name[1]):
        if revision is not None:
            raise UserError(f"{model} is no name on the hub (owner/name), so it has no revision.")
        return ModelPlace(Path(model), hub_source(Path(model)))
    return _fetched(name[1], revision or name[2])


def push_model(
    folder: str | Path, name: str, *, private: bool = False, message: str | None = None
) -> str:
    """Upload a model folder to the repository ``name``, made where there is none.

    Only the files that config.yaml lists are uploaded, after their checksums were compared.
    Returns the commit, as ``owner/name@commit``.

    Raises UserError where the folder is no model folder, was changed or holds other kinds of files,
    and where the hub does not take them: no token, no network, no right to write.
    """
    if not (parts := HUB_NAME.fullmatch(name)) or parts[2]:
        raise UserError(f"{name!r} is no name of a repository: give owner/name.")
    content = read_content(folder)
    check_files(folder, content)
    _check_kinds(str(folder), content)
    from huggingface_hub import HfApi  # here: it takes time to load

    api = HfApi()
    with _uploading(folder, name):
        api.create_repo(name, private=private, exist_ok=True)
        done = api.upload_folder(
            repo_id=name,
            folder_path=folder,
            allow_patterns=[glob.escape(file) for file in (CONFIG, *content.files)],
            commit_message=message or f"Model folder {content.name}, {content.checksum[:16]}",
        )
    return f"{name}@{done.oid}"


def cached_models() -> list[ModelPlace]:
    """The folders in the hub's cache that may be model folders: those with a config.yaml."""
    from huggingface_hub import constants

    found = Path(constants.HF_HUB_CACHE).glob(f"models--*/snapshots/*/{CONFIG}")
    return [ModelPlace(path.parent, hub_source(path.parent)) for path in sorted(found)]


def _is_local(name: str) -> bool:
    owner = name.split("/", maxsplit=1)[0]
    return owner in OURS or Path(owner).is_dir()


def _fetched(name: str, revision: str | None) -> ModelPlace:
    """Every file of the model folder in a repository, in the cache of the hub's client."""
    require_network(f"The model {name}")
    print(f"Looking for {name} on the Hugging Face hub ...", file=sys.stderr, flush=True)
    folder = _file(name, CONFIG, revision).parent
    try:
        content = read_content(folder)
    except UserError as error:
        raise UserError(f"{name} on the hub holds no model of s2r: {error}") from None
    _check_kinds(name, content)
    for file in content.files:
        _file(name, file, folder.name)
    return ModelPlace(folder, f"{name}@{folder.name}")


def _check_kinds(name: str, content: FolderContent) -> None:
    """Raise UserError where a model folder lists a file that may be more than data."""
    for file in content.files:
        if PurePath(file).suffix not in DATA and file != WHISPER:
            raise UserError(
                f"{name} lists the file {file}, which a model on the hub may not have (only "
                f"{', '.join(DATA)}): export the model again, or share the folder in another way."
            )


def _file(name: str, file: str, revision: str | None) -> Path:
    """A file of a repository in the client's cache, fetched if need be; UserError if it cannot."""
    from huggingface_hub import errors, hf_hub_download
    from huggingface_hub.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # it would tell of every attempt without a network
    try:
        return Path(hf_hub_download(name, file, revision=revision))
    except errors.GatedRepoError as error:
        raise UserError(
            f"{name} on the hub is open only to those whom its owner accepts: ask there, and log "
            "in (hf auth login)."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise UserError(
            f"There is no folder {name} here, and no such repository on the hub that you may read: "
            "check the name, or log in (hf auth login)."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise UserError(f"{name} on the hub has no revision {revision}: check it.") from error
    except errors.LocalEntryNotFoundError as error:
        raise UserError(
            f"There is no folder {name} here, the hub cannot be reached, and its cache does not "
            f"hold {name}: try again with a network, and without HF_HUB_OFFLINE."
        ) from error
    except errors.EntryNotFoundError as error:
        raise UserError(
            f"{name} on the hub is no model of s2r, or not complete (it has no {file}): name "
            "another repository."
        ) from error
    except (OSError, ValueError, errors.HTTPError) as error:
        raise UserError(
            f"{name} could not be fetched from the hub ({_first_line(error)}): try again."
        ) from error
    finally:
        logging.set_verbosity(verbosity)


@contextlib.contextmanager
def _uploading(folder: str | Path, name: str) -> Iterator[None]:
    """Raise UserError for what the hub's client cannot do in the block."""
    from huggingface_hub import errors

    try:
        yield
    except (OSError, ValueError, errors.HTTPError) as error:
        raise UserError(
            f"The hub did not take {folder} as {name} ({_first_line(error)}): check the network, "
            "the name, and that your token may write there (hf auth login)."
        ) from error


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0].rstrip(".:")
