"""Extensions: encoders, models and metrics that an installed package provides under a name.

A package provides one by an entry point in its ``pyproject.toml``; the parts of this package are
registered in the same way::

    [project.entry-points."s2r.encoders"]
    loudness = "my_package.loudness:FAMILY"

Names are read from the metadata of installed packages, without importing any of them, so that the
configuration can be checked while a workflow is parsed. Only ``load_extension`` imports a package.
"""

from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from s2r.core.errors import UserError

ENCODERS = "s2r.encoders"
MODELS = "s2r.models"
METRICS = "s2r.metrics"

WORDS = {ENCODERS: "encoder kind", MODELS: "model", METRICS: "metric"}
"""What an extension of each group is called in messages."""

T = TypeVar("T")


def extension_names(group: str) -> list[str]:
    """Sorted names of all extensions of ``group`` (ENCODERS, MODELS or METRICS)."""
    return sorted(entry_points(group=group).names)


def find_extension(group: str, name: str) -> EntryPoint:
    """The entry point of the extension ``name``, not imported.

    Raises UserError where no installed package provides it, or where more than one does.
    """
    matches = list(entry_points(group=group, name=name))
    if not matches:
        raise UserError(_unknown(group, name))
    if len(matches) > 1:
        packages = " and ".join(sorted(f"{package_of(m)} ({m.value})" for m in matches))
        raise UserError(
            f"The {WORDS[group]} {name!r} is provided more than once, by {packages}: uninstall "
            "one of the packages, or change the name in its entry points."
        )
    return matches[0]


def load_extension(group: str, name: str, expected: type[T]) -> T:
    """The object behind the extension ``name``, imported now; an instance of ``expected``.

    Raises UserError as ``find_extension`` does, and, naming the package, where the import fails
    or gives an object of another type.
    """
    entry = find_extension(group, name)
    try:
        extension = entry.load()
    except Exception as error:  # a foreign module can raise anything
        raise UserError(
            f"The {WORDS[group]} {name!r} of the package {package_of(entry)} cannot be imported "
            f"from {entry.value} ({type(error).__name__}: {_first_line(error)}): repair or "
            "reinstall that package."
        ) from error
    if not isinstance(extension, expected):
        raise UserError(
            f"The {WORDS[group]} {name!r} of the package {package_of(entry)} is a "
            f"{type(extension).__name__}, but {entry.value} must be an instance of "
            f"{expected.__module__}.{expected.__qualname__}: correct that package."
        )
    return extension


def package_of(entry: EntryPoint) -> str:
    """Name and version of the package that provides ``entry``, such as ``s2r 0.1.0``."""
    return f"{entry.dist.name} {entry.dist.version}"


def _unknown(group: str, name: str) -> str:
    names = extension_names(group)
    if not names:
        return (
            f"Unknown {WORDS[group]} {name!r}: no installed package provides any, not even s2r; "
            "install s2r again (`pip install -e .` in its folder)."
        )
    nearest = get_close_matches(name, names, 1)
    guess = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    return (
        f"Unknown {WORDS[group]} {name!r}{guess}: use one of {', '.join(names)}, or install the "
        "package that provides it."
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "no message").rstrip(".")
