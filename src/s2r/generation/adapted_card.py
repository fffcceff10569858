"""The model card of an adapted model, and the table of before and after."""

from s2r.generation.card_metadata import metadata
from s2r.generation.folder_content import FolderContent

ROWS = {
    "error_codes": "squared error x 1000, true pictures by their codes",
    "error_mean": "squared error x 1000, mean",
    "error_draw": "squared error x 1000, draw",
    "kinematics_mean": "kinematics, mean",
    "kinematics_draw": "kinematics, draw",
    "motion_mean": "motion, mean",
    "motion_draw": "motion, draw",
}
"""What is measured of the held-out part, in the dynamic region (docs/metrics.md)."""

Scores = dict[str, dict[str, float | None]]
"""Row of `ROWS` -> column (mean frame, before, after) -> value; None where there is none."""

CARD = """\
# {name}

The model {origin}, adapted to one speaker. It generates real-time MRI video of the midsagittal
vocal tract from speech, as this speaker's.

| | |
| :-- | :-- |
| adapted from | {origin}, checksum {checksum} |
| speech encoder | {encoder} |
| film | {seconds:.1f} s of {films} |
| what was adapted | {parts} |
| held out | {held_out:.1f} s at the end of the films, which nothing was learned from |

The held-out part:

{table}

    s2r generate speech.wav --model MODEL -o tract.mp4

    import s2r
    s2r.load("MODEL")("speech.wav").save("tract.mp4")

MODEL is the path of this folder, or the name of its repository on the Hugging Face hub, owner/name.

What it shows is what a model expects, not what was measured: do not draw conclusions about a
person, and never medical ones, from generated video.
"""


def score_lines(scores: Scores) -> list[str]:
    """The table of before and after, in Markdown."""
    width = max(map(len, ROWS.values()))
    lines = [
        f"| {'':{width}} | mean frame | before |  after |",
        f"| :{'-' * (width - 1)} | ---------: | -----: | -----: |",
    ]
    for name, heading in ROWS.items():
        still, before, after = (
            _cell(scores[name][column], name) for column in ("mean frame", "before", "after")
        )
        if after:
            lines.append(f"| {heading:{width}} | {still:>10} | {before:>6} | {after:>6} |")
    return lines


def adapted_card(name: str, content: FolderContent, about: dict) -> str:
    """README.md of the adapted folder.

    ``content`` is of the folder that was adapted; ``about`` what the weights say of it: ``films``
    (names), ``seconds``, ``held_out``, ``new_codes``, ``steps`` and ``scores``. Whoever made
    the film decides about a licence, so the card names none.
    """
    parts = f"pictures ({about['new_codes']} codes more)"
    if about["steps"] is not None:
        parts += f", and speech ({about['steps']} steps)"
    return metadata("film", content.name) + CARD.format(
        name=name,
        origin=content.name,
        checksum=content.checksum[:16],
        encoder=content.encoder.kind,
        seconds=about["seconds"],
        held_out=about["held_out"],
        films=", ".join(_plain(film) for film in about["films"]),
        parts=parts,
        table="\n".join(score_lines(about["scores"])),
    )


def _cell(value: float | None, name: str) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if name.startswith("error") else f"{value:.2f}"


def _plain(name: str) -> str:
    """A file name that cannot be taken for more than text."""
    return "".join(c if c.isalnum() or c in "._- " else "_" for c in name)
