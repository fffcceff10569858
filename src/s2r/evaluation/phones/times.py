"""Rule ``phone_times``: ``phone_times.csv``, when each phone of the recordings is said.

One of three sources gives them: ``truth`` (the phantom's script), ``textgrid`` (a Praat TextGrid
beside the recording, see `s2r.corpus.textgrid`) or ``aligned`` (forced alignment with the text that
``words.transcripts`` gives for the stimulus). A row for each phone. Columns: ``recording``;
``source``; ``label``, empty where nobody knows what is said; ``start`` and ``end``, s from the
first frame; ``word`` and ``kind`` (word or vcv) of the item that the phone belongs to, and
``item``, the item's number in the recording; empty and 0 where it belongs to none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.core.damaged import read_table
from s2r.core.errors import UserError
from s2r.core.files import write_csv
from s2r.core.phonetics import PHONES, SILENCE, UNKNOWN, Item, Segment
from s2r.core.progress import progress
from s2r.core.units import FRAME_RATE
from s2r.corpus.names import nfc
from s2r.corpus.textgrid import SpokenTimes, find_textgrid, read_textgrid
from s2r.corpus.truth import read_truth
from s2r.evaluation.words.alignment import Aligner
from s2r.preparation.frames import first_frame_time
from s2r.preparation.recordings import RecordingSet

COLUMNS = ["recording", "source", "label", "start", "end", "word", "kind", "item"]

CODES = {label: number for number, label in enumerate(PHONES)}
"""Number of each phone in ``PHONES``."""

NO_PHONE = -100
"""Number of a frame of which nobody knows the phone; losses and scores leave it out."""


def write_phone_times(
    recordings: RecordingSet,
    *,
    sets: Sequence[str],
    transcripts: Mapping[str, str],
    path: str | Path,
) -> None:
    """Find the phones of every recording of ``sets``; write ``path``.

    ``recordings`` with split and index; ``transcripts`` is {stimulus: text}. What the phones of a
    recording cannot be found for is said on standard output, with the reason, and has no rows.
    """
    transcripts = {nfc(stimulus): text for stimulus, text in transcripts.items()}
    members = [recording for name in sets for recording in recordings.members(name)]
    finder, rows, known = _Finder(recordings, transcripts), [], 0
    for recording in progress(members, "phone times"):
        try:
            source, spoken = finder.find(recording)
        except UserError as error:
            print(f"  no phones: {recording}: {error}")
            continue
        rows += [{"recording": recording, "source": source} | row for row in _rows(spoken)]
        known += bool(source)
    print(f"The phones of {known} of {len(members)} recordings are known.")
    write_csv(pd.DataFrame(rows, columns=COLUMNS), path)


class _Finder:
    """Finds the phones of recordings; the aligner is loaded once, and only where it is needed."""

    def __init__(self, recordings: RecordingSet, transcripts: Mapping[str, str]):
        self._recordings, self._transcripts = recordings, transcripts
        self._aligner: Aligner | None = None
        self._missing = ""

    def find(self, recording: str) -> tuple[str, SpokenTimes]:
        """Source and phones, in s from the first frame; "" and nothing where no source has them."""
        about = self._recordings.about(recording)
        if about["truth"]:
            start = first_frame_time(self._recordings.frames, recording)
            return "truth", _moved(_true_times(about["truth"]), -start)
        textgrid = find_textgrid(about["video"], about["audio"])
        read = read_textgrid(textgrid) if textgrid else None
        if read:
            # Its times are those of the sound, which may lie `moved` later than the picture.
            start = first_frame_time(self._recordings.frames, recording)
            start += self._recordings.frames.attributes(recording).get("moved", 0.0)
            return "textgrid", _moved(read, -start)
        text = self._transcripts.get(about["stimulus"], "")
        if text and about["audio"] and self._ready():
            items = self._aligner.align(self._recordings.audio(recording), text)
            phones = tuple(phone for item in items for phone in item.phones)
            return "aligned", SpokenTimes(_with_rests(phones), tuple(items))
        return "", SpokenTimes((), ())

    def _ready(self) -> bool:
        """Whether the aligner is there; where it is not, this is said once."""
        if self._aligner is None and not self._missing:
            try:
                self._aligner = Aligner()
            except UserError as error:
                self._missing = str(error)
                print(f"  nothing is aligned: {self._missing}")
        return self._aligner is not None


def read_phone_times(path: str | Path) -> dict[str, SpokenTimes]:
    """{recording: phones} of the file of ``write_phone_times``.

    Raises UserError where it is missing or cannot be read.
    """
    if not Path(path).exists():
        raise UserError(f"{path} does not exist: run the rule phone_times.")
    types = dict.fromkeys(COLUMNS, str) | {"start": float, "end": float, "item": int}
    remedy = "delete it and call snakemake again"
    table = read_table(path, types, remedy, COLUMNS)
    known = table["label"].isin([*PHONES, UNKNOWN]) & (table["item"] >= 0)
    if not (known & np.isfinite(table["start"]) & (table["start"] <= table["end"])).all():
        raise UserError(f"{path}: it has labels or times that are none: {remedy}.")
    found = {}
    for recording, rows in table.groupby("recording", sort=False):
        phones = tuple(map(Segment, rows["label"], rows["start"], rows["end"]))
        numbers = rows["item"].to_numpy()
        items = []
        for number in np.unique(numbers[numbers > 0]):
            places = np.flatnonzero(numbers == number)
            word = rows["word"].iloc[places[0]]
            items.append(Item(word, tuple(phones[place] for place in places)))
        found[recording] = SpokenTimes(phones, tuple(items))
    return found


def frame_codes(spoken: SpokenTimes, length: int) -> np.ndarray:
    """The phone at the centre of each of ``length`` frames: (length,) int64 of ``CODES``.

    ``NO_PHONE`` where it is not known or the times do not reach.
    """
    centres = (np.arange(length) + 0.5) / FRAME_RATE
    starts, ends = (np.array([getattr(p, end) for p in spoken.phones]) for end in ("start", "end"))
    codes = np.array([CODES.get(phone.label, NO_PHONE) for phone in spoken.phones] + [NO_PHONE])
    place = np.searchsorted(starts, centres, side="right") - 1
    inside = (place >= 0) & (centres < np.append(ends, -1.0)[place])
    return np.where(inside, codes[place], NO_PHONE)


def _true_times(path: str) -> SpokenTimes:
    from s2r.corpus.phantom.lexicon import spoken  # here: real corpora do without the phantom

    phones = read_truth(path).phones
    return SpokenTimes(phones, tuple(spoken(phones)))


def _moved(spoken: SpokenTimes, seconds: float) -> SpokenTimes:
    phones = (replace(p, start=p.start + seconds, end=p.end + seconds) for p in spoken.phones)
    return SpokenTimes(tuple(phones), tuple(item.moved(seconds) for item in spoken.items))


def _with_rests(phones: Sequence[Segment]) -> tuple[Segment, ...]:
    """Phones with rest between those that do not follow each other."""
    filled: list[Segment] = []
    for phone in phones:
        end = filled[-1].end if filled else 0.0
        if phone.start > end:
            filled.append(Segment(SILENCE, end, phone.start))
        filled.append(phone)
    return tuple(filled)


def _rows(spoken: SpokenTimes):
    """Rows of all phones; an item is found again by the times of its phones."""
    owner = {
        (phone.start, phone.end): (number, item)
        for number, item in enumerate(spoken.items, start=1)
        for phone in item.phones
    }
    for phone in spoken.phones:
        number, item = owner.get((phone.start, phone.end), (0, None))
        row = {"label": phone.label, "start": round(phone.start, 4), "end": round(phone.end, 4)}
        yield row | {
            "word": item.label if item else "",
            "kind": item.kind if item else "",
            "item": number,
        }
