"""The measures of Table 1, each declared once.

From these records follow the columns of ``table1.csv``, the tables in Markdown and LaTeX, the
panels of the figure and the table of measures in docs/metrics.md. Their order is that of all of
them.
"""

from s2r.core.errors import UserError
from s2r.evaluation.metric import BETTER, Measure
from s2r.evaluation.metric_list import all_metrics

MEASURES = (
    Measure(
        stem="fvd",
        metric="fvd",
        region="frame",
        mode="clip",
        heading="Fréchet video distance",
        better="lower",
        reading="lower is better",
        decimals=1,
        paper="FVD",
        section=False,
        panel="Fréchet video distance",
    ),
    Measure(
        stem="kvd",
        metric="kvd",
        region="frame",
        mode="clip",
        heading="Kernel video distance of clips",
        better="lower",
        reading="lower is better; 0 for equal distributions, whatever the number of clips",
        decimals=1,
    ),
    Measure(
        stem="ssim",
        metric="ssim",
        region="frame",
        mode="clip",
        heading="Structural similarity",
        better="higher",
        reading="higher is better",
        decimals=3,
        paper="SSIM",
        section=False,
        panel="Structural similarity",
    ),
    Measure(
        stem="error",
        metric="squared_error",
        region="dynamic",
        estimate="both",
        heading="Squared error x 1000 in the dynamic region, rollouts",
        better="lower",
        reading="lower is better",
        factor=1000,
        decimals=1,
        panel="Squared error, dynamic region (x 1000)",
    ),
    Measure(
        stem="contour_mm",
        metric="contour_mm",
        region="tongue",
        estimate="both",
        heading="Tongue contour error in mm, rollouts",
        better="lower",
        unit="mm",
        reading="lower is better; the real row is the probe's own",
        panel="Tongue contour error (mm)",
        panel_reading="lower is better; real: the probe itself",
    ),
    Measure(
        stem="kinematics",
        metric="kinematics",
        region="cells",
        heading="Correlation of regional intensity with the truth, rollouts",
        better="higher",
    ),
    Measure(
        stem="audio_gap",
        metric="audio_gap",
        region="dynamic",
        estimate="draw",
        heading="Audio gap x 1000: squared error with another recording's speech less that with "
        "the right one",
        better="above zero",
        reading="above 0: the speech is used",
        factor=1000,
        decimals=1,
        panel="Audio gap (x 1000)",
    ),
    Measure(
        stem="agreement",
        metric="agreement",
        region="frame",
        heading="Agreement of the video with its speech, rollouts",
        better="higher",
        reading="higher is better; 0 without speech, the real row is what draws can reach",
        panel="Agreement with the speech",
        panel_reading="higher is better; real: what draws can reach",
    ),
    Measure(
        stem="top1",
        metric="top1",
        region="frame",
        heading="Share of windows that match their own speech best, among 100, rollouts",
        better="higher",
        reading="higher is better; chance is 0.01, the real row is what draws can reach",
    ),
    Measure(
        stem="contrastive_fvd",
        metric="contrastive_fvd",
        region="frame",
        heading="Fréchet distance of windows, contrastive features, rollouts",
        better="lower",
        reading="lower is better; other real video says what other speech costs",
    ),
    Measure(
        stem="contrastive_kvd",
        metric="contrastive_kvd",
        region="frame",
        heading="Kernel distance of windows, contrastive features, rollouts",
        better="lower",
        reading="lower is better; 0 for equal distributions",
        decimals=3,
    ),
    Measure(
        stem="phone_error_rate",
        metric="phone_error_rate",
        region="phones",
        heading="Error rate of the phones read off the video in %, rollouts",
        better="lower",
        factor=100,
        decimals=1,
        reading="lower is better; the real row is the recogniser's own",
    ),
    Measure(
        stem="word_identification",
        metric="word_identification",
        region="phones",
        heading="Words told from seven others by the phones read off the video in %, rollouts",
        better="higher",
        factor=100,
        decimals=1,
        reading="higher is better; chance is 12.5, the real row is the recogniser's own",
    ),
    Measure(
        stem="high_frequency_power",
        metric="high_frequency_power",
        region="frame",
        heading="Spatial power above half the Nyquist frequency, ratio to the truth",
        better="one",
        reading="1 is right; lower is blurred, higher is grainy",
    ),
    Measure(
        stem="motion",
        metric="motion",
        region="dynamic",
        heading="Motion energy in the dynamic region, ratio to the truth",
        better="one",
        reading="1 is right; higher flickers",
    ),
    Measure(
        stem="seam_motion",
        metric="seam_motion",
        region="dynamic",
        heading="Motion energy at window boundaries, ratio to inside windows",
        better="one",
        reading="1 is right",
    ),
)
"""The measures of this package."""


def all_measures() -> tuple[Measure, ...]:
    """The measures of this package, then those that metrics carry with them.

    Raises UserError where two have a column of the same name, and for a metric that cannot be
    used (see `s2r.evaluation.metric_list.installed_metrics`).
    """
    carried = [measure for metric in all_metrics() for measure in metric.measures]
    measures = (*MEASURES, *carried)
    columns = [column for measure in measures for column in measure.columns()]
    for column in columns:
        if columns.count(column) > 1:
            raise UserError(
                f"Two measures of Table 1 have the column {column!r}: give the one of your "
                "package another stem."
            )
    return measures


def paper_measures() -> list[Measure]:
    """The measures in the table of the paper's shape."""
    return [measure for measure in all_measures() if measure.paper]


def section_measures() -> list[Measure]:
    """The measures that have a small table of their own."""
    return [measure for measure in all_measures() if measure.section]


def section_heading(measure: Measure) -> str:
    """What stands above the small table of a measure: what it is, and how to read it."""
    return f"{measure.heading} ({measure.reading})" if measure.reading else measure.heading


def measures_table() -> str:
    """The table of measures in docs/metrics.md, of ``MEASURES``, as Markdown."""
    lines = ["| column | what | unit | from | region | good values |", "|---|---|---|---|---|---|"]
    for measure in MEASURES:
        cells = (
            ", ".join(f"`{column}`" for column in measure.columns()),
            measure.heading.removesuffix(", rollouts").replace(f" x {measure.factor}", ""),
            measure.unit or "-",
            f"{measure.mode}s",
            measure.region,
            measure.reading or BETTER[measure.better],
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
