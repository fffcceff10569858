"""Progress bars with an estimate of the time left, on standard error."""

import sys
from collections.abc import Iterable

from tqdm import tqdm


def progress(items: Iterable | None = None, label: str = "", total: int | None = None, **options):
    """A tqdm bar: ``for item in progress(items, "decode")`` or ``bar = progress(total=n)``.

    Outside a terminal (logs, continuous integration) it prints a line at most every 10 s.
    """
    return tqdm(
        items,
        desc=label,
        total=total,
        dynamic_ncols=True,
        mininterval=1.0 if sys.stderr.isatty() else 10.0,
        maxinterval=10.0,
        **options,
    )


def say(sentence: str) -> None:
    """A line on standard error that leaves a progress bar whole."""
    tqdm.write(sentence, file=sys.stderr)
