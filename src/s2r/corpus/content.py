"""What a corpus holds, in one digest: the index is made again where it differs.

Nothing heavy is imported: it is taken while the workflow is parsed.
"""

from pathlib import Path

from s2r.config.data_blocks import FolderBlock
from s2r.core.content import CACHE, contents
from s2r.core.errors import UserError
from s2r.core.files import digest_of
from s2r.corpus import folder, usc75
from s2r.corpus.names import printable


def find_recordings(kind: str, root: Path, files: FolderBlock) -> list[dict]:
    """The entries of a corpus of a ``kind`` of the configuration: ``usc75.find_recordings``.

    ``files`` says what kind ``folder`` looks for. Raises UserError where ``root`` cannot be read.
    """
    if kind == "folder":
        return list(folder.find_recordings(root, files.pattern, files.suffixes))
    return list(usc75.find_recordings(root))


def corpus_content(
    kind: str, root: str | Path, files: FolderBlock, *others: str | Path, cache: Path = CACHE
) -> str:
    """Digest of the names, problems and content of all recordings, and of the files ``others``.

    Where the corpus lies does not count, nor do dates. "" where there is no such folder.
    """
    root = Path(root)
    if not root.is_dir():
        return ""
    try:
        entries = find_recordings(kind, root, files)
    except UserError:  # the index says it
        return ""
    files_of = [
        [entry[key] for key in ("video", "audio", "truth") if entry.get(key)] for entry in entries
    ]
    digests = contents([*(path for paths in files_of for path in paths), *others], cache)
    held = [
        [
            printable(entry["recording"]),
            bool(entry["problem"]),
            [[printable(path.relative_to(root)), digests[str(path)]] for path in paths],
        ]
        for entry, paths in zip(entries, files_of, strict=True)
    ]
    return digest_of([held, [digests[str(path)] for path in others]])
