"""Pages of the report: small HTML files that load nothing, so that they can be read offline."""

import base64
import re
import tempfile
from collections.abc import Mapping
from html import escape
from pathlib import Path

import pandas as pd

from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.media.decode import read_audio, read_video
from s2r.core.media.encode import write_video
from s2r.core.origin import GENERATED, marks, video_tags
from s2r.corpus.index import read_corpus, read_recordings
from s2r.corpus.split import ALL_SETS, read_split
from s2r.report.captions import made_by
from s2r.report.cells import set_title

STYLE = """\
body { font: 15px/1.45 sans-serif; margin: 1.5em; color: #222; max-width: 75em }
table { border-collapse: collapse; margin: 1em 0 }
th, td { text-align: left; padding: 0.25em 0.8em; border-bottom: 1px solid #ddd }
footer { color: #666 }
video { max-width: 100%; border: 1px solid #ddd }
"""

LARGEST = 1_400_000
"""Bytes of a page. The report shows pages as data URIs, a third longer, of which Chromium opens
none above 2 MB."""

SECONDS = 10
"""Shown of each video."""

CRFS = (34, 40, 46, 51)
"""Qualities of H.264 to try, best first."""

MEANINGS = {
    "train": "the models learn from these",
    "silent": "without sound: the articulation codes are fitted to their pictures too",
    "validation": "watched during training",
    "unseen_speech": "test: new speech of subjects that were trained on",
    "unseen_subject": "test: trained stimuli of subjects that were held out",
    "unseen_both": "test: new speech of subjects that were held out",
    "unused": "neither trained nor tested on",
}


def write_configuration_page(config: Mapping, path: str | Path) -> None:
    """List every key of the merged configuration with its value."""
    table = pd.DataFrame(_leaves(config), columns=["key", "value"])
    _write(path, "Configuration", _table(table))


def write_corpus_page(recordings: str | Path, path: str | Path) -> None:
    """Sum up ``recordings.csv``: what can be used, each kind of defect, and every subject."""
    rows = read_recordings(recordings)
    reasons = rows["reason"].where(rows["status"] != "ok", rows["silent"])
    kinds = reasons.str.partition(":")[0]
    counts = []
    for (status, kind), group in rows.groupby(["status", kinds], sort=False):
        counts.append(
            {"status": status, "reason": kind, "recordings": len(group)}
            | {"subjects": _subjects(group), "minutes": _minutes(group)}
            | {"example": reasons[group.index[0]] or group["recording"].iloc[0]}
        )
    counts.sort(key=lambda row: (row["status"] != "ok", row["status"], -row["recordings"]))
    good = rows[rows["status"] == "ok"]
    subjects = [
        {"subject": subject, "listed": len(group)}
        | {"usable": int((group["status"] == "ok").sum())}
        | {"minutes": _minutes(group[group["status"] == "ok"])}
        for subject, group in rows[rows["subject"] != ""].groupby("subject")
    ]
    text = (
        f"{len(good)} of {len(rows)} recordings can be used: {_subjects(good)} subjects, "
        f"{_minutes(good)} minutes. Each one with its reason: {recordings}."
    )
    body = f"<p>{escape(text)}</p>{_table(pd.DataFrame(counts))}<h2>Subjects</h2>"
    _write(path, "Corpus", body + _table(pd.DataFrame(subjects)))


def write_split_page(split: str | Path, recordings: str | Path, path: str | Path) -> None:
    """Say what each set is for and what it holds."""
    seconds = read_corpus(recordings)["video_seconds"]
    members = read_split(split)
    members["video_seconds"] = members["recording"].map(seconds)
    counts = [
        {"set": set_title(name), "use": MEANINGS[name], "recordings": len(group)}
        | {"subjects": _subjects(group), "minutes": _minutes(group)}
        | {"stimuli": ", ".join(sorted(group["stimulus"].unique()))}
        for name in ALL_SETS
        if len(group := members[members["set"] == name])
    ]
    held_out = members["set"].isin(("unseen_subject", "unseen_both"))
    subjects = sorted(members.loc[held_out, "subject"].unique())
    text = f"Held-out subjects: {', '.join(subjects) or 'none'}."
    _write(path, "Split", _table(pd.DataFrame(counts)) + f"<p>{escape(text)}</p>")


def write_table_page(markdown: str | Path, path: str | Path) -> None:
    """Turn a table written by `s2r.report.markdown` (headings, paragraphs, tables) into a page."""
    title, *blocks = Path(markdown).read_text().strip().split("\n\n")
    _write(path, title.removeprefix("# "), "\n".join(_block(block) for block in blocks))


def write_videos_page(samples: str | Path, best: str, path: str | Path) -> None:
    """Show the first seconds of the videos of ``best`` inside the page, one for each set.

    ``samples`` is the folder of `s2r.report.samples`. Its videos are encoded more coarsely until
    the page is below ``LARGEST``. Raises UserError where it holds no video of the model.
    """
    videos = sorted(Path(samples).glob(f"{best}/*/*.mp4"))
    if not videos:
        raise UserError(f"{samples} holds no video of {best}: run the rule samples again.")
    for crf in CRFS:
        body = "\n".join(_video(video, crf) for video in videos)
        if len(body) < LARGEST:
            break
    _write(path, f"Videos of {best}: truth left, generated right", body)


def _video(path: Path, crf: int) -> str:
    """A heading and the first ``SECONDS`` of a sample video, with its sound."""
    frames, rate = read_video(path)
    audio, sample_rate = read_audio(path)
    frames, audio = frames[: int(SECONDS * rate)], audio[: SECONDS * sample_rate]
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.mp4"
        tags = video_tags(marks(f"right: {GENERATED}", path.parent.parent.name))
        options = {"crf": crf, "preset": "superfast", "tags": tags}
        write_video(small, frames, rate, audio, sample_rate, **options)
        data = base64.b64encode(small.read_bytes()).decode()
    heading = f"{set_title(path.parent.name)}: {path.stem}"
    source = f"data:video/mp4;base64,{data}"
    return f'<h2>{escape(heading)}</h2>\n<video controls loop src="{source}"></video>'


def _write(path: str | Path, title: str, body: str) -> None:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    with atomic_path(path) as temporary:
        temporary.write_text(
            f"<!doctype html><html><head>{head}</head><body><h1>{escape(title)}</h1>\n{body}\n"
            f"<footer>{escape(made_by())}</footer></body></html>\n"
        )


def _table(table: pd.DataFrame) -> str:
    return table.to_html(index=False, border=0, justify="left")


def _block(block: str) -> str:
    if block.startswith("## "):
        return f"<h2>{escape(block.removeprefix('## '))}</h2>"
    if not block.startswith("|"):
        text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(block))
        return f"<p>{text}</p>"
    head, _, *rows = (_cells(line) for line in block.splitlines())
    return _table(pd.DataFrame(rows, columns=head))


def _cells(line: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", line.strip())[1:-1]
    return [cell.strip(" _").replace("\\|", "|").replace("\\*", "*") for cell in cells]


def _leaves(block: Mapping, name: str = "") -> list[tuple[str, str]]:
    rows = []
    for key, value in block.items():
        dotted = f"{name}.{key}" if name else str(key)
        if isinstance(value, Mapping) and value:
            rows += _leaves(value, dotted)
        else:
            rows.append((dotted, "null" if value is None else str(value)))
    return rows


def _subjects(rows: pd.DataFrame) -> int:
    return rows.loc[rows["subject"] != "", "subject"].nunique()


def _minutes(rows: pd.DataFrame) -> float:
    return round(float(rows["video_seconds"].sum()) / 60, 1)
