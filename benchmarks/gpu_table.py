"""Figures of the check on a GPU, what they may be at most, and their table."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

LIMITS: dict[str, tuple[float, float]] = {
    # Stage 1 computes in float32, its registration in float64. Another order of all sums changes
    # decoded frames by 0.0003 grey levels at most and by 0.000005 on average.
    "fit": (0.02, 0.02),
    "fit mean": (0.001, 0.001),
    # Another order of sums changes a loss of float32 by parts of a million in 40 steps. bfloat16
    # rounds to 0.4 %, and training carries that on: after some steps a loss differs from that in
    # float32 by up to 5 %, up and down, on the CPU as on a GPU, but by 1 % at most between the two.
    "loss": (1e-4, 0.03),
    # What rounding does goes up and down: over 40 steps it left 0.2 % of the mean loss at most.
    "mean loss": (1e-5, 0.01),
    # Levels are rounded to integers: where one lies halfway, any difference becomes a whole level.
    # bfloat16 rounds codes to 0.4 %; that changed videos by 2 levels at most, 0.016 on average.
    "video largest": (1, 5),
    "video mean": (0.01, 0.06),
}
"""Largest differences from a CPU in float32 that rounding explains: of float32, and of the
precision in which the program runs."""


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    unit: str
    values: Mapping[str, float]
    """By column."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """The largest value that is right, by column; none for a figure that is only told."""

    def failures(self) -> list[str]:
        """A sentence for each value that is too large, or is no number."""
        return [
            f"{self.name}: {self.values[column]:.3g} {self.unit} ({column}), "
            f"at most {limit:.3g} is rounding"
            for column, limit in self.limits.items()
            if not self.values[column] <= limit
        ]

    def as_dict(self) -> dict:
        """For JSON."""
        return asdict(self)


def table(about: Mapping, figures: Sequence[Figure], columns: Sequence[str]) -> str:
    """Markdown of all figures under the facts ``about`` the machine."""
    facts = ", ".join(f"{name} {value}" for name, value in about.items())
    lines = [
        f"{facts}\n",
        "| " + " | ".join(["figure", "unit", *columns, "at most"]) + " |",
        "|---|---|" + "--:|" * (len(columns) + 1),
    ]
    for figure in figures:
        values = [f"{figure.values[c]:.4g}" if c in figure.values else "" for c in columns]
        limits = [f"{figure.limits[c]:.3g}" for c in columns if c in figure.limits]
        lines.append(
            "| " + " | ".join([figure.name, figure.unit, *values, ", ".join(limits)]) + " |"
        )
    return "\n".join(lines)
