"""Files of data that are damaged, or no such files: one sentence instead of what a library says."""

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from s2r.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

UNREADABLE = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError),
    *(RuntimeError, OverflowError, MemoryError, zipfile.BadZipFile, zlib.error),
)
"""What readers of HDF5, CSV, JSON and npz raise for content that is not what they expect."""


@contextmanager
def reading(path: str | Path, remedy: str) -> Iterator[None]:
    """Raise UserError where the block, which does nothing but read ``path``, cannot do so.

    ``remedy`` says what to do, such as ``delete it and call snakemake again``.
    """
    try:
        yield
    except UNREADABLE as error:
        words = " ".join(str(error).split()).rstrip(".")[:200] or type(error).__name__
        reason = "".join(c for c in words if c.isprintable())
        raise UserError(f"{path}: it is damaged, or another file ({reason}): {remedy}.") from error


def read_table(
    path: str | Path,
    types: type | Mapping[str, type | str],
    remedy: str,
    columns: Sequence[str] = (),
) -> "pd.DataFrame":
    """A table from a CSV file; empty text stays empty text.

    ``types`` are those of its columns, or the one of all. Raises UserError as `reading` does, and
    where one of ``columns`` is missing.
    """
    import pandas as pd

    with reading(path, remedy):
        table = pd.read_csv(path, dtype=types, keep_default_na=False)
    for column in columns:
        if column not in table:
            raise UserError(f"{path}: it has no column {column}: {remedy}.")
    return table
