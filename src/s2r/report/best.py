"""The best of the trained systems, chosen on the validation set: test sets choose nothing."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from s2r.core.errors import UserError


def best_system(curves: Sequence[str | Path]) -> str:
    """The system with the lowest validation error.

    ``curves`` are training curves (CSV), each in a folder with the name of its system, such as
    ``runs/logmel/curve.csv``. The error is the last value of the column ``validation_error``,
    which is that of the weights that were kept. Systems without one are not chosen; where none has
    one, the first system is. Raises UserError for a curve that cannot be read.
    """
    errors = {Path(curve).parent.name: _validation_error(curve) for curve in curves}
    known = {system: error for system, error in errors.items() if error is not None}
    return min(known, key=known.__getitem__) if known else next(iter(errors))


def _validation_error(curve: str | Path) -> float | None:
    try:
        table = pd.read_csv(curve)
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(
            f"{curve} is not a readable training curve: delete it and train the run again."
        ) from error
    errors = table.get("validation_error", pd.Series(dtype=float)).dropna()
    return float(errors.iloc[-1]) if len(errors) else None
