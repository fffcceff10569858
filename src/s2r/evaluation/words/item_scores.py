"""All metrics of one item: a generated word or VCV against the true one, frame by frame."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from s2r.core.phonetics import CLOSURES, TONGUE_CONSTRICTIONS, VOWELS, Item
from s2r.core.units import frames_of
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metrics.contours import contour_error_mm
from s2r.evaluation.recording_scores import frame_scores
from s2r.evaluation.words import closure

PICTURES = {"squared_error": ("squared_error", "dynamic"), "ssim": ("ssim", "frame")}
"""Metric here: (metric, region) of `s2r.evaluation.recording_scores`."""

Row = dict[str, str | float | int]
"""``kind``, ``label``, ``phone`` (its number in the item, -1 for the item itself), ``metric``,
``value``, and ``true`` where the metric is compared over items with that of the truth."""


@dataclass(frozen=True)
class Reference:
    """An item as it was: all arrays start with its first frame."""

    item: Item
    """Times in s from its first frame."""
    frames: np.ndarray
    """(n, H, W) uint8."""
    contours: Mapping[str, np.ndarray]
    """{articulator: (n, P, 2)} mm, what is known of them."""


def item_rows(reference: Reference, video: np.ndarray, instruments: Instruments) -> Iterator[Row]:
    """Every metric of ``video`` (n, H, W), uint8 or float grey levels, for an item.

    The item itself has the kind ``word`` or ``vcv`` (the label of a VCV is its consonant), its
    consonants the kind ``consonant``. Metrics:

    * ``squared_error`` (dynamic region, values in [-1, 1]), ``ssim`` (whole frame): means over
      the frames;
    * ``contour_mm``: error of the tongue contour that the probe reads off the video;
    * ``closure_rise``: by how many grey levels the place of closure brightens from the vowels
      to the middle of the consonant, with the same of the truth in ``true``;
    * ``degree_mm``: error of the narrowest distance of tongue and palate, ``place_mm``:
      distance of its place from the true one, both at the middle of the consonant.
    """
    item, length = reference.item, len(reference.frames)
    contours, tongue = None, reference.contours.get("tongue")
    if tongue is not None and instruments.probe is not None:
        contours = instruments.contours(video).get("tongue")
    spans = [(-1, item.kind, item.consonant or item.label, item.start, item.end)]
    spans += [
        (number, "consonant", phone.label, phone.start, phone.end)
        for number, phone in enumerate(item.phones)
        if phone.label not in VOWELS
    ]
    for number, kind, label, start, end in spans:
        first, stop = frames_of(start, end, length)
        part = slice(first, stop)
        values = _pictures(reference, video, part, instruments)
        if contours is not None:
            values["contour_mm"] = float(contour_error_mm(contours[part], tongue[part]).mean())
        true = {}
        if number >= 0:
            values |= _places(reference, contours, number)
            rises = _closure(reference, video, number, instruments)
            if rises is not None:
                true["closure_rise"], values["closure_rise"] = rises
        shared = {"kind": kind, "label": label, "phone": number}
        for metric, value in values.items():
            yield shared | {"metric": metric, "value": value, "true": true.get(metric, np.nan)}


def _pictures(
    reference: Reference, video: np.ndarray, part: slice, instruments: Instruments
) -> dict[str, float]:
    scores = frame_scores(reference.frames[part], video[part], instruments)
    return {metric: scores[key] for metric, key in PICTURES.items()}


def _closure(
    reference: Reference, video: np.ndarray, number: int, instruments: Instruments
) -> tuple[float, float] | None:
    """True and generated rise at the place of closure of a phone, or None where it has none."""
    phone, vowels = reference.item.phones[number], closure.flanks(reference.item, number)
    if phone.label not in CLOSURES or not vowels:
        return None
    length = len(reference.frames)
    closed = closure.frame_at(closure.middle_of(phone), length)
    open_ = [closure.frame_at((vowel.start + vowel.end) / 2, length) for vowel in vowels]
    true = closure.rise(reference.frames, closed, open_)
    mask = closure.closure_region(true, instruments.region)
    return float(true[mask].mean()), float(closure.rise(video, closed, open_)[mask].mean())


def _places(reference: Reference, contours: np.ndarray | None, number: int) -> dict[str, float]:
    """Errors of degree and place of a lingual constriction; nothing for other consonants."""
    phone = reference.item.phones[number]
    walls = [reference.contours[name] for name in closure.WALL if name in reference.contours]
    if contours is None or not walls or phone.label not in TONGUE_CONSTRICTIONS:
        return {}
    frame = closure.frame_at(closure.middle_of(phone), len(reference.frames))
    wall = np.concatenate([line[frame] for line in walls])
    true_degree, true_place = closure.constriction(reference.contours["tongue"][frame], wall)
    degree, place = closure.constriction(contours[frame], wall)
    return {
        "degree_mm": abs(degree - true_degree),
        "place_mm": float(np.linalg.norm(place - true_place)),
    }
