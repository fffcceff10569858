"""TextGrids of Praat and of aligners: every format of text, labels of ARPABET, damage."""

import numpy as np
import pytest

from helpers.mutants import mutate_text
from s2r.core.errors import UserError
from s2r.core.phonetics import PHONES, UNKNOWN
from s2r.corpus.textgrid import find_textgrid, read_textgrid, textgrid_content

PHONES_SAID = [("", 0, 0.2), ("B", 0.2, 0.3), ("ER1", 0.3, 0.5), ("d", 0.5, 0.6), ("sp", 0.6, 0.7)]
PHONES_SAID += [("DH", 0.7, 0.8), ("ah0", 0.8, 1.0)]
WORDS = [("", 0, 0.2), ("Bird", 0.2, 0.6), ("", 0.6, 0.7), ("the", 0.7, 1.0)]


def long_text(**tiers) -> str:
    """The long text format, as Praat writes it."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", "xmax = 1 "]
    lines += ["tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, (name, intervals) in enumerate(tiers.items(), start=1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier" ']
        lines += [f'        name = "{name}" ', "        xmin = 0 ", "        xmax = 1 "]
        lines += [f"        intervals: size = {len(intervals)} "]
        for place, (label, start, end) in enumerate(intervals, start=1):
            lines += [f"        intervals [{place}]:", f"            xmin = {start} "]
            lines += [f"            xmax = {end} ", f'            text = "{label}" ']
    return "\n".join(lines) + "\n"


def short_text(**tiers) -> str:
    """The short text format, with a tier of points before the others."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", "1", "<exists>"]
    lines += [str(len(tiers) + 1), '"TextTier"', '"clicks"', "0", "1", "1", "0.5", '"click"']
    for name, intervals in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", "1", str(len(intervals))]
        for label, start, end in intervals:
            lines += [str(start), str(end), f'"{label}"']
    return "\n".join(lines)


@pytest.fixture
def written(tmp_path):
    def write(text: str | bytes, encoding: str = "utf-8"):
        path = tmp_path / "a.TextGrid"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "ascii"])
@pytest.mark.parametrize("form", [long_text, short_text])
def test_phones_and_words_are_read(written, form, encoding):
    read = read_textgrid(written(form(words=WORDS, phones=PHONES_SAID), encoding))
    assert [phone.label for phone in read.phones] == ["SIL", "B", "ER", "D", "SIL", "DH", "AX"]
    assert (read.phones[2].start, read.phones[2].end) == (0.3, 0.5)
    assert [item.label for item in read.items] == ["bird", "the"]
    assert [phone.label for phone in read.items[0].phones] == ["B", "ER", "D"]


@pytest.mark.parametrize("name", ["phones", "Phone", "phonemes", "speaker 1 - phones"])
def test_tiers_have_several_names(written, name):
    read = read_textgrid(written(long_text(**{name: PHONES_SAID})))
    assert len(read.phones) == len(PHONES_SAID)
    assert read.items == ()


def test_words_alone_give_no_phones(written):
    assert read_textgrid(written(long_text(words=WORDS))) is None


def test_speech_that_nobody_knows_is_no_rest(written):
    read = read_textgrid(
        written(long_text(phones=[("spn", 0, 0.5), ("T", 0.5, 1)], words=[("x", 0, 1)]))
    )
    assert [phone.label for phone in read.phones] == [UNKNOWN, "T"]
    assert read.items == ()


def test_texts_may_hold_quotes_and_other_letters(written):
    words = [('say ""é""', 0, 1)]
    read = read_textgrid(written(short_text(words=words, phones=[("S", 0, 1)]), "utf-16"))
    assert read.items[0].label == 'say "é"'


def test_an_unknown_label_is_named(written):
    path = written(long_text(phones=[("T", 0, 0.5), ("ʃ", 0.5, 1)]))
    with pytest.raises(UserError, match=r"a\.TextGrid: the phone 'ʃ' at 0\.50 s is not one of"):
        read_textgrid(path)


def test_overlapping_intervals_are_named(written):
    path = written(long_text(phones=[("T", 0, 0.5), ("AA", 0.4, 1)]))
    with pytest.raises(UserError, match=r"'AA' of the tier 'phones' at 0\.400 s overlaps"):
        read_textgrid(path)
    read_textgrid(written(long_text(phones=[("T", 0, 0.5), ("AA", 0.4999, 1)])))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no TextGrid|not a TextGrid"),
        (b"\xff\xfe\x00", "neither UTF-8 nor UTF-16"),
        (long_text(phones=[("caf\xe9", 0, 1)]).encode("latin-1"), "neither UTF-8 nor UTF-16"),
        (long_text(phones=PHONES_SAID)[:-60].encode(), "damaged .it ends too early"),
        (long_text(phones=PHONES_SAID).replace("0.3 ", "soon ").encode(), "damaged"),
        (b"ooBinaryFile\x08TextGrid", "no TextGrid|not a TextGrid"),
    ],
)
def test_damage_is_one_sentence(written, content, reason):
    with pytest.raises(UserError, match=reason) as error:
        read_textgrid(written(content))
    assert "\n" not in str(error.value)


def test_mutants_are_read_or_refused(written):
    contents = [
        form(words=WORDS, phones=PHONES_SAID).encode(encoding)
        for form in (long_text, short_text)
        for encoding in ("utf-8", "utf-16")
    ]
    refused = 0
    for number in range(600):
        content = mutate_text(contents[number % 4], np.random.default_rng(number))
        try:
            read = read_textgrid(written(content))
        except UserError:
            refused += 1
        else:
            assert read is None or {phone.label for phone in read.phones} <= {*PHONES, UNKNOWN}
    assert 200 < refused < 600


def test_the_file_lies_beside_the_recording(tmp_path):
    video, audio = tmp_path / "video" / "a.mp4", tmp_path / "audio" / "b.wav"
    assert find_textgrid(video, audio) is None
    audio.parent.mkdir()
    audio.with_suffix(".TextGrid").write_text("")
    assert find_textgrid(video, str(audio)) == tmp_path / "audio" / "b.TextGrid"
    assert find_textgrid(video, "") is None


def test_a_changed_or_moved_textgrid_is_seen(tmp_path):
    cache = tmp_path / "cache.json"
    root = tmp_path / "corpus"
    root.mkdir()
    assert textgrid_content(root, cache) == ""
    found = []
    for name, text in (("a.TextGrid", "1"), ("a.TextGrid", "22"), ("b.TextGrid", "22")):
        for path in root.iterdir():
            path.unlink()
        (root / name).write_text(text)
        found.append(textgrid_content(root, cache))
    assert len(set(found)) == 3
