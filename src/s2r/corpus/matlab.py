"""MATLAB files: which kind a file is, and its variables.

Up to version 7 they have a format of their own; version 7.3 is HDF5 with the axes in MATLAB's
order, the first one last.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_SEVEN_THREE = b"MATLAB 7.3"


def is_hdf5(path: str | Path) -> bool:
    """Whether a .mat file is of version 7.3. Raises OSError."""
    with open(path, "rb") as file:
        return file.read(len(_SEVEN_THREE)) == _SEVEN_THREE


def variables(path: str | Path) -> list[tuple[str, tuple[int, ...], str]]:
    """Name, shape and class of each variable of a file before 7.3, of which nothing is loaded.

    Raises what `s2r.core.damaged.reading` turns into one sentence.
    """
    from scipy.io import whosmat  # here: it takes a while to load

    with _damaged():
        return whosmat(path)


def load(path: str | Path, names: Sequence[str] | None = None) -> dict[str, object]:
    """The variables of a file before 7.3, all or some; structs as dictionaries.

    Raises what `s2r.core.damaged.reading` turns into one sentence.
    """
    from scipy.io import loadmat

    with _damaged(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about names that appear twice
        content = loadmat(path, simplify_cells=True, variable_names=names)
    return {name: part for name, part in content.items() if not name.startswith("__")}


@contextmanager
def _damaged() -> Iterator[None]:
    """ValueError for what SciPy raises about damaged files, which is about any error."""
    try:
        yield
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(f"{error}" or type(error).__name__) from error
