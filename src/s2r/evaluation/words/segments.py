"""Rule ``segments``: ``segments.csv``, where words, VCVs and phones lie in the test recordings.

A row for each word, VCV and phone. Columns: ``recording, subject, stimulus, set``; ``item``
names the word or VCV (phones carry the name of theirs); ``kind`` is word, vcv or phone; ``label``;
``consonant`` is that of a VCV, or the phone itself where it is one; ``start`` and ``end`` are s
from the first frame; ``source`` is ``truth`` (the phantom's script) or ``aligned``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from s2r.core.damaged import read_table
from s2r.core.errors import UserError
from s2r.core.files import atomic_path
from s2r.core.phonetics import VOWELS, Item, Segment
from s2r.core.progress import progress
from s2r.core.units import FRAME_RATE
from s2r.corpus.names import nfc
from s2r.corpus.truth import read_truth
from s2r.evaluation.words.alignment import Aligner
from s2r.preparation.frames import first_frame_time
from s2r.preparation.recordings import RecordingSet

COLUMNS = ["recording", "subject", "stimulus", "set", "item", "kind", "label"]
COLUMNS += ["consonant", "start", "end", "source"]


def cut_corpus(
    recordings: RecordingSet,
    *,
    sets: Sequence[str],
    stimuli: Sequence[str],
    transcripts: Mapping[str, str],
    path: str | Path,
) -> None:
    """Find the items in every recording of ``stimuli`` in the test sets; write ``path``.

    ``recordings`` with split and index. ``transcripts`` is {stimulus: text}, see
    `s2r.evaluation.words.alignment.Aligner.align`. The phantom's recordings are cut where its
    script says; of their words those in the stimulus's text count (all, without a text).
    Recordings that cannot be cut are named on standard output, with the reason, and left out.
    """
    wanted = set(map(nfc, stimuli))
    transcripts = {nfc(stimulus): text for stimulus, text in transcripts.items()}
    to_cut = [
        (set_name, recording)
        for set_name in sets
        for recording in recordings.members(set_name)
        if recordings.about(recording)["stimulus"] in wanted
    ]
    rows, uncut, aligner = [], [], None
    for set_name, recording in progress(to_cut, "words"):
        about = recordings.about(recording)
        stimulus, text = about["stimulus"], transcripts.get(about["stimulus"], "")
        source = "truth" if about["truth"] else "aligned"
        if source == "truth":
            items = true_items(recordings, recording, text)
        elif not text:
            uncut.append(f"{recording}: words.transcripts has no text for {stimulus}")
            continue
        else:
            aligner = aligner or Aligner()
            sound = recordings.audio(recording)  # damaged shards must stop the job
            try:
                items = aligner.align(sound, text)
            except UserError as error:
                uncut.append(f"{recording}: {error}")
                continue
        shared = {"recording": recording, "subject": about["subject"], "set": set_name}
        shared |= {"stimulus": stimulus, "source": source}
        rows += [shared | row for row in _rows(recording, items)]
    print(f"{len(to_cut) - len(uncut)} of {len(to_cut)} recordings were cut into words.")
    for sentence in uncut:
        print(f"  not cut: {sentence}")
    with atomic_path(path) as temporary:
        table = pd.DataFrame(rows, columns=COLUMNS)
        table.to_csv(temporary, index=False, float_format="%.4f")


def true_items(recordings: RecordingSet, recording: str, text: str = "") -> list[Item]:
    """Items of a phantom recording from its script, in s from its first frame.

    ``text`` names the words that count; VCVs always do. Items outside the frames are left out.
    """
    from s2r.corpus.phantom.lexicon import spoken  # here: real corpora do without the phantom

    start = first_frame_time(recordings.frames, recording)
    seconds = recordings.length(recording) / FRAME_RATE
    phones = read_truth(recordings.about(recording)["truth"]).phones
    items = [item.moved(-start) for item in spoken(phones)]
    words = set(text.lower().split())
    return [
        item
        for item in items
        if (item.kind == "vcv" or not words or item.label in words)
        and item.start >= 0
        and item.end <= seconds
    ]


def read_segments(path: str | Path) -> pd.DataFrame:
    """The table of segments; UserError where it is missing or cannot be read."""
    if not Path(path).exists():
        raise UserError(f"{path} does not exist: run the rule segments.")
    types = {column: float if column in ("start", "end") else str for column in COLUMNS}
    return read_table(path, types, "delete it and call snakemake again")


def items_of(segments: pd.DataFrame) -> dict[str, Item]:
    """{name: item} of a table of segments, in its order."""
    phones: dict[str, list[Segment]] = {}
    labels = {}
    for row in segments.itertuples():
        if row.kind == "phone":
            phones[row.item].append(Segment(row.label, row.start, row.end))
        else:
            labels[row.item], phones[row.item] = row.label, []
    return {name: Item(label, tuple(phones[name])) for name, label in labels.items()}


def _rows(recording: str, items: list[Item]):
    for number, item in enumerate(items, start=1):
        name = f"{recording}_{number:02d}"
        times = {"start": item.start, "end": item.end}
        row = {"item": name, "kind": item.kind, "label": item.label}
        yield row | {"consonant": item.consonant} | times
        for phone in item.phones:
            consonant = "" if phone.label in VOWELS else phone.label
            row = {"item": name, "kind": "phone", "label": phone.label, "consonant": consonant}
            yield row | {"start": phone.start, "end": phone.end}
