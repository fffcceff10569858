"""What a reader must know to read the numbers."""

import pandas as pd

from s2r.config.systems import SETS, Kind
from s2r.core.origin import program
from s2r.report.cells import set_title

PHANTOM = (
    "These are results on the phantom, a synthetic corpus: they only say that the pipeline "
    "works and must not be compared with the results of the paper."
)


def made_by() -> str:
    """The last line of a page: the version and, where it is known, the commit that wrote it."""
    return f"Written by {program()}."


def caption(scores: pd.DataFrame) -> list[str]:
    """What a reader must know to read the numbers, one string a paragraph."""
    paragraphs = [
        f"Recordings scored in rollouts: {_recordings(scores, 'rollout')}; in clips: "
        f"{_recordings(scores, 'clip')}. Brackets hold the 95 % bootstrap interval over "
        "recordings, where there are several; half its width follows ±. Except for the distances "
        "of features (FVD and kernel distance, on clips, lower is better), every video is compared "
        "with its own true video, in values from -1 to 1 (SSIM, on clips, higher is better). A "
        "draw is one sample, and its value is the mean over the draws; a mean is the average of "
        "all draws, or a system that predicts an average. Compare draws with draws and means with "
        "means: even a perfect draw has twice the squared error of its mean."
    ]
    if about := about_seeds(scores["seeds"]):
        paragraphs.append(about)
    fvd = scores[scores["metric"] == "fvd"]
    if len(fvd):
        networks = fvd["note"].str.extract(r"([^;]* sha256 \w{12})")[0].str.strip().unique()
        sizes = " to ".join(str(n) for n in sorted({fvd["n"].min(), fvd["n"].max()}))
        text = f"Fréchet distances: {', '.join(networks)}..., n = {sizes} clips per set."
        if fvd["note"].str.contains("warning").any():
            text += (
                " Warning: with n below 400 clips, the dimension of the features, the distance "
                "is biased upwards and only rows of equal n may be compared; the row of real "
                "video from another recording shows the size of that bias."
            )
        paragraphs.append(text)
    control = scores[(scores["metric"] == "agreement_control") & (scores["system"] == Kind.REAL)]
    if len(control):
        of_set = control.set_index("set")["value"]
        values = ", ".join(f"{of_set[s]:.2f} ({set_title(s)})" for s in SETS if s in of_set.index)
        paragraphs.append(
            "Agreement is by an instrument trained on another speech encoder than that of the row: "
            "log-mel, and for rows of log-mel another one, by which real video has an agreement "
            f"of {values}."
        )
    if scores["note"].str.contains("oracle").any():
        paragraphs.append(
            "The mean frame of a subject held out from training is an oracle (marked *): it is "
            "taken from other recordings of that subject, which no model has seen."
        )
    return paragraphs


def about_seeds(seeds: pd.Series, where: str = "After sd stands") -> str:
    """What the numbers of seeds (NA: not trained) say of the trained rows; "" without any.

    ``where`` says how their spread is shown.
    """
    numbers = seeds.dropna()
    if not len(numbers):
        return ""
    if numbers.max() == 1:
        return "One training each: the spread over seeds is not known."
    counts = " to ".join(str(number) for number in sorted({numbers.min(), numbers.max()}))
    return (
        f"Rows of trained systems are means over {counts} trainings with different seeds. {where} "
        "the standard deviation over these trainings; the interval does not hold it."
    )


def _recordings(scores: pd.DataFrame, mode: str) -> str:
    """How many recordings of each set were scored in this way."""
    counted = scores[(scores["n_of"] == "recordings") & (scores["mode"] == mode)]
    counts = counted.groupby("set")["n"].max()
    return ", ".join(f"{set_title(s)} {counts[s]}" for s in SETS if s in counts.index) or "none"
