"""Damaged copies of files, drawn by a seed: what disks, networks and hands do to them."""

import re
import struct

import numpy as np

ODD = (0, 1, 0x7F, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF7, 0x10000, 0x00FFFFFF)
"""Numbers that sizes, counts and rates should never be."""

WORDS = (
    *(b"", b"-1", b"1e999", b"NaN", b"null", b"true", b"2024-99-99", b"9" * 5000, b"1000000000"),
    *(
        b"[" * 3000,
        b"{",
        b'"',
        b"\x00",
        b"\\ud800",
        b"../x",
        b"&a [*a, *a]",
        b"!!python/name:x",
        b",,",
    ),
)
"""Words that numbers and names should never be."""

BOXES = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"edts", b"dinf", b"moof", b"traf"}
"""Boxes of MP4 that hold boxes."""


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """One to three changes of a file, by any of `CHANGES` that can be made to it."""
    changed = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        CHANGES[rng.integers(len(CHANGES))](changed, rng)
        if not changed:
            break
    return bytes(changed)


def mutate_text(content: bytes, rng: np.random.Generator) -> bytes:
    """A text in which one to three words or numbers became others; half of them as `mutate`."""
    if rng.random() < 0.5:
        return mutate(content, rng)
    parts = re.split(rb"([\w.+-]+)", content)
    for _ in range(rng.integers(1, 4)):
        place = 1 + 2 * int(rng.integers(max(len(parts) // 2, 1)))
        if place < len(parts):
            parts[place] = WORDS[rng.integers(len(WORDS))]
    return b"".join(parts)


def flip_bits(content: bytearray, rng: np.random.Generator) -> None:
    """Up to 64 single bits, anywhere or all in the first kilobyte."""
    end = len(content) if rng.random() < 0.5 else min(len(content), 1024)
    for place in rng.integers(end, size=rng.integers(1, 65)):
        content[place] ^= 1 << int(rng.integers(8))


def fill_run(content: bytearray, rng: np.random.Generator) -> None:
    """Up to 4096 bytes become zeros, ones or noise."""
    start = int(rng.integers(len(content)))
    length = min(int(2 ** rng.uniform(0, 12)), len(content) - start)
    kind = rng.integers(3)
    new = rng.bytes(length) if kind == 2 else bytes([255 * int(kind)]) * length
    content[start : start + length] = new


def truncate(content: bytearray, rng: np.random.Generator) -> None:
    """The end is missing."""
    del content[int(rng.integers(len(content))) :]


def repeat_block(content: bytearray, rng: np.random.Generator) -> None:
    """A block stands there twice, or is missing, or stands elsewhere."""
    start = int(rng.integers(len(content)))
    block = content[start : start + int(2 ** rng.uniform(0, 14))]
    if rng.random() < 0.5:
        del content[start : start + len(block)]
    if rng.random() < 0.7:
        place = int(rng.integers(len(content) + 1))
        content[place:place] = block


def change_box(content: bytearray, rng: np.random.Generator) -> None:
    """Size, type or one number of an MP4 box; of other files, a number of the first kilobyte."""
    boxes = list(_boxes(content, 0, len(content)))
    if not boxes:
        _put(content, int(rng.integers(min(len(content), 1024))), rng)
        return
    start, size = boxes[rng.integers(len(boxes))]
    part = rng.integers(4)
    if part == 0:
        _put(content, start, rng)
    elif part == 1:
        kinds = sorted({bytes(content[at + 4 : at + 8]) for at, _ in boxes})
        content[start + 4 : start + 8] = kinds[rng.integers(len(kinds))]
    else:
        inside = min(max(size - 8, 1), 256)
        _put(content, start + 8 + 4 * int(rng.integers(max(inside // 4, 1))), rng)


def change_wav_header(content: bytearray, rng: np.random.Generator) -> None:
    """Format, channels, rate, bytes, bits or sizes of a WAV; of other files, a number anywhere."""
    if content[:4] != b"RIFF" or len(content) < 44:
        _put(content, int(rng.integers(len(content))), rng)
        return
    place, code = ((4, "I"), (16, "I"), (20, "H"), (22, "H"), (24, "I"), (28, "I"), (32, "H"),
                   (34, "H"), (40, "I"))[rng.integers(9)]  # fmt: skip
    value = _odd(rng) & (0xFFFF if code == "H" else 0xFFFFFFFF)
    struct.pack_into(f"<{code}", content, place, value)


CHANGES = (flip_bits, fill_run, truncate, repeat_block, change_box, change_box, change_wav_header)


def _boxes(content: bytearray, start: int, end: int):
    """Place and size of every MP4 box, boxes within boxes too."""
    while start + 8 <= end:
        size = int.from_bytes(content[start : start + 4])
        if not 8 <= size <= end - start:
            return
        yield start, size
        if bytes(content[start + 4 : start + 8]) in BOXES:
            yield from _boxes(content, start + 8, start + size)
        start += size


def _put(content: bytearray, place: int, rng: np.random.Generator) -> None:
    """A number of 32 bits at ``place``: an odd one, or near the one that is there."""
    place = min(place, len(content) - 1)
    there = int.from_bytes(content[place : place + 4])
    value = _odd(rng) if rng.random() < 0.6 else there + int(rng.integers(-300, 301))
    content[place : place + 4] = struct.pack(">I", value & 0xFFFFFFFF)[: len(content) - place]


def _odd(rng: np.random.Generator) -> int:
    if rng.random() < 0.6:
        return ODD[rng.integers(len(ODD))]
    return int(2 ** rng.uniform(0, 32))
