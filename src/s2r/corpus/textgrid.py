"""Praat TextGrids: when each phone and word of a recording is said.

The text formats of Praat, long and short, as Praat itself, the Montreal Forced Aligner and others
write them, in UTF-8 or UTF-16. Praat reads such a file as a sequence of texts, numbers and flags
that stand free, and everything else as comment (Praat's manual, "TextGrid file formats"); so does
this.
"""

import codecs
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from s2r.core.content import CACHE, contents
from s2r.core.errors import UserError
from s2r.core.files import digest_of
from s2r.core.phonetics import PHONES, SILENCE, UNKNOWN, Item, Segment
from s2r.core.text_files import read_bytes

PHONE_TIERS = ("phones", "phone", "phonemes")
WORD_TIERS = ("words", "word")
"""Names of tiers, whatever their case; those of the Montreal Forced Aligner with several speakers
end in them (``speaker - phones``)."""

MARKS = {
    **dict.fromkeys(("", "SIL", "SP", "<SIL>", "<EPS>", "PAU", "#"), SILENCE),
    **dict.fromkeys(("SPN", "<UNK>", "NSN", "NS"), UNKNOWN),
    **{"AXR": "ER", "IX": "IH", "UX": "UW", "HV": "HH", "AH0": "AX"},
}
"""Labels of aligners that are no phones of `s2r.core.phonetics`, and what they stand for."""

SLACK = 1e-3
"""s by which an interval may begin before the one before it ends: times are rounded."""

_TOKEN = re.compile(
    r'"((?:[^"]|"")*)"|(?<!\S)([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?!\S)|(<(?:exists|absent)>)'
)


@dataclass(frozen=True)
class SpokenTimes:
    """What is said in a recording and when, in s."""

    phones: tuple[Segment, ...]
    """In order of time; labels of `s2r.core.phonetics.PHONES`, or ``UNKNOWN``."""
    items: tuple[Item, ...]
    """The words and VCVs of which all phones are known."""


def find_textgrid(*files: str | Path) -> Path | None:
    """The TextGrid beside one of ``files`` with its stem, or None; "" is no file."""
    for file in filter(None, files):
        for suffix in (".TextGrid", ".textgrid"):
            path = Path(file).with_suffix(suffix)
            if path.is_file():
                return path
    return None


def textgrid_content(root: str | Path, cache: Path = CACHE) -> str:
    """Digest of the names and the content of all TextGrids below ``root``; "" without any."""
    paths = sorted(p for p in Path(root).rglob("*") if p.suffix.lower() == ".textgrid")
    digests = contents(paths, cache)
    held = [[path.relative_to(root).as_posix(), digests[str(path)]] for path in paths]
    return digest_of(held) if held else ""


def read_textgrid(path: str | Path) -> SpokenTimes | None:
    """The phones and words of a TextGrid; None where it has no tier of phones.

    Raises UserError where the file is damaged or no TextGrid, where intervals overlap, and for a
    label that is no phone of ARPABET (with or without stress, in either case).
    """
    tiers = _tiers(Path(path), _text(Path(path)))
    phones = _tier(tiers, PHONE_TIERS)
    if phones is None:
        return None
    labelled = tuple(
        Segment(_phone(path, label, start), start, end) for label, start, end in phones
    )
    words = _tier(tiers, WORD_TIERS) or []
    return SpokenTimes(labelled, tuple(_items(labelled, words)))


def _text(path: Path) -> str:
    content = read_bytes(path)
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is text in neither UTF-8 nor UTF-16: save it in Praat again."
        ) from error


class _Reader:
    """The free-standing texts and numbers of a file, one after the other."""

    def __init__(self, path: Path, text: str):
        self._path = path
        self._tokens = _TOKEN.finditer(text)

    def _next(self) -> re.Match:
        token = next(self._tokens, None)
        if token is None:
            raise self.damaged("it ends too early")
        return token

    def text(self) -> str:
        token = self._next()
        if token[1] is None:
            raise self.damaged(f"{token[0][:40]!r} stands in the place of a text")
        return token[1].replace('""', '"')

    def number(self) -> float:
        token = self._next()
        value = float(token[2]) if token[2] else math.nan
        if not math.isfinite(value):
            raise self.damaged(f"{token[0][:40]!r} stands in the place of a number")
        return value

    def flag(self) -> bool:
        token = self._next()
        if token[3] is None:
            raise self.damaged(f"{token[0][:40]!r} stands in the place of <exists>")
        return token[3] == "<exists>"

    def damaged(self, reason: str) -> UserError:
        return UserError(f"{self._path}: this TextGrid is damaged ({reason}): use the original.")


Intervals = list[tuple[str, float, float]]


def _tiers(path: Path, text: str) -> dict[str, Intervals]:
    """The tiers of intervals by their names, in lower case."""
    reader = _Reader(path, text)
    if not re.match(r'\s*(File type = )?"ooTextFile"', text) or '"TextGrid"' not in text[:200]:
        raise UserError(
            f"{path} is not a TextGrid in a text format of Praat: save it as text file."
        )
    reader.text(), reader.text(), reader.number(), reader.number()
    tiers: dict[str, Intervals] = {}
    for _ in range(int(reader.number()) if reader.flag() else 0):
        kind, name = reader.text(), reader.text().strip().lower()
        reader.number(), reader.number()
        intervals = list(_entries(reader, kind))
        if kind == "IntervalTier":
            tiers.setdefault(name, intervals)
    for name, intervals in tiers.items():
        end = -math.inf
        for label, start, stop in intervals:
            if start < end - SLACK or stop < start:
                raise UserError(
                    f"{path}: the interval {label[:40]!r} of the tier {name[:40]!r} at {start:.3f} "
                    "s overlaps the one before it, or ends before it begins: correct it in Praat."
                )
            end = stop
    return tiers


def _entries(reader: _Reader, kind: str) -> Iterator[tuple[str, float, float]]:
    if kind not in ("IntervalTier", "TextTier"):
        raise reader.damaged(f"{kind[:40]!r} is no class of a tier")
    for _ in range(int(reader.number())):
        start = reader.number()
        end = reader.number() if kind == "IntervalTier" else start
        yield reader.text().strip(), start, end


def _tier(tiers: dict[str, Intervals], names: tuple[str, ...]) -> Intervals | None:
    for name in names:
        found = [own for own in tiers if own == name or own.endswith(f"- {name}")]
        if found:
            return tiers[found[0]]
    return None


def _phone(path: str | Path, label: str, start: float) -> str:
    name = label.upper()
    plain = MARKS.get(name) if name in MARKS else MARKS.get(re.sub(r"[0-2]$", "", name))
    if plain is None:
        plain = re.sub(r"[0-2]$", "", name)
        if plain not in PHONES:
            raise UserError(
                f"{path}: the phone {label[:40]!r} at {start:.2f} s is not one of ARPABET, such as "
                f"{', '.join(PHONES[1:4])}: write it so, or take the TextGrid away."
            )
    return plain


def _items(phones: tuple[Segment, ...], words: Intervals) -> Iterator[Item]:
    """Each word with the phones whose middle lies in it."""
    middles = [(phone.start + phone.end) / 2 for phone in phones]
    place = 0
    for word, start, end in words:
        while place < len(phones) and middles[place] < start:
            place += 1
        first = place
        while place < len(phones) and middles[place] < end:
            place += 1
        inside = phones[first:place]
        said = inside and not any(p.label in (SILENCE, UNKNOWN) for p in inside)
        if said and word.upper() not in MARKS:
            yield Item(word.lower(), inside)
