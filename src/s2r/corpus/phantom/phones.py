"""Targets of every phone for the articulators, with weights and durations.

Phones are ARPABET without stress, with AX for schwa and SIL for rest. Vowel targets were fitted
so that the reference speaker reaches F1/F2 near the male means of Peterson & Barney (1952).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Target = tuple[float, float]
"""(value in the unit of the parameter, weight of the phone against its neighbours)."""


@dataclass(frozen=True)
class Phone:
    """One simple phone."""

    seconds: float
    """Usual duration."""
    targets: Mapping[str, Target]
    """Articulatory parameter -> target. Other parameters follow the neighbouring phones."""


EVERY_PHONE: Mapping[str, Target] = {
    "tt_k": (0.0, 1.0),
    "tb_k": (0.0, 1.0),
    "ld": (0.0, 1.0),
    "vel": (0.0, 1.0),
    "lat": (0.0, 1.0),
    "Ag": (0.06, 1.0),
    "Ps": (8000.0, 1.0),
}
"""Targets of every phone, unless the phone has another one."""

NEUTRAL: Mapping[str, float] = {
    "jaw": 4.0,
    "F": 1.0,
    "lh": 7.0,
    "tt_s": 0.93,
    "tt_gap": 3.0,
    "tt_w": 0.05,
    "tb_s": 0.66,
    "tb_gap": 3.0,
    "tb_w": 0.07,
    "Ag": 0.06,
}
"""Value of a parameter for which no phone has a target; 0 for the others."""

TRANSITIONS: Mapping[str, float] = {
    "jaw": 0.022,
    "lh": 0.014,
    "lp": 0.022,
    "lx": 0.03,
    "vel": 0.018,
    "Ag": 0.012,
    "F": 0.024,
    "B": 0.024,
    "tt_k": 0.012,
    "tb_k": 0.014,
    "ld": 0.014,
    "lat": 0.014,
}
"""Time constants of the transitions, s; OTHER_TRANSITIONS for the others."""

OTHER_TRANSITIONS = 0.02

_VOWEL_COLUMNS = ("F", "B", "T", "jaw", "lh", "lp", "lx")

# ms, then F, B, T, jaw, lh, lp, lx in mm
_VOWELS = {
    "IY": (130, 10.9, 0.8, -0.3, 1.8, 7.9, -2.9, 0.2),
    "IH": (95, 8.2, 0.5, -1.9, 4.2, 9.3, -2.2, 0.2),
    "EY": (100, 8.9, -0.6, -4.0, 5.6, 10.8, -3.8, 3.5),
    "EH": (110, 5.1, -3.9, -4.0, 8.4, 12.5, -2.4, 2.5),
    "AE": (150, 1.1, -7.1, -4.0, 12.3, 15.0, -3.2, 4.0),
    "AA": (150, -9.7, -1.6, -0.1, 11.1, 11.6, 0.4, -0.6),
    "AO": (150, -11.0, 1.9, 0.0, 8.8, 5.4, 4.7, -3.3),
    "UH": (95, -4.2, 2.8, -0.8, 4.2, 3.3, 4.9, -4.3),
    "UW": (130, -0.8, 5.4, -1.8, 2.2, 1.5, 8.0, -7.0),
    "AH": (95, -6.4, 0.3, -0.2, 8.1, 9.3, 0.5, -1.2),
    "OW": (110, -7.0, 4.1, -0.6, 5.4, 3.5, 5.6, -5.1),
    "AX": (60, 1.1, 0.0, -0.2, 4.7, 7.7, 0.2, -0.6),
    "ER": (140, -5.6, -4.1, -2.1, 8.7, 4.3, 4.1, 1.3),
}

VOWEL_FORMANTS: Mapping[str, tuple[float, float, float]] = {
    "IY": (270, 2290, 3010),
    "IH": (390, 1990, 2550),
    "EY": (420, 2120, 2600),
    "EH": (530, 1840, 2480),
    "AE": (660, 1720, 2410),
    "AA": (730, 1090, 2440),
    "AO": (570, 840, 2410),
    "UH": (440, 1020, 2240),
    "UW": (300, 870, 2240),
    "AH": (640, 1190, 2390),
    "OW": (450, 880, 2300),
    "AX": (500, 1500, 2500),
    "ER": (490, 1350, 1690),
}
"""F1, F2, F3 (Hz) the vowels were fitted to: Peterson & Barney (1952), men; EY, OW, AX by hand."""


def _tip(place: float, gap: float, width: float, **others: Target) -> dict[str, Target]:
    return {
        "tt_k": (1, 3),
        "tt_s": (place, 1),
        "tt_gap": (gap, 1),
        "tt_w": (width, 1),
        **others,
    }


def _lips(**others: Target) -> dict[str, Target]:
    return {"lh": (-1.5, 3), "lp": (0, 0.15), "jaw": (2.5, 0.4), **others}


def _alveolar(**others: Target) -> dict[str, Target]:
    return _tip(0.93, -0.6, 0.05, **{"jaw": (2.5, 0.6), "F": (2, 0.12), **others})


def _velar(**others: Target) -> dict[str, Target]:
    place = {"tb_s": (0.645, 1), "tb_gap": (-0.6, 1), "tb_w": (0.075, 1)}
    return {"tb_k": (1, 3), **place, "jaw": (3.5, 0.4), "F": (0, 0.1), "B": (2, 0.1), **others}


def _sibilant(glottis: float) -> dict[str, Target]:
    posture = {"jaw": (1.5, 1.5), "F": (2, 0.3), "lh": (5, 0.5)}
    return _tip(0.945, 1, 0.045, Ag=(glottis, 1), **posture)


def _hushing(glottis: float) -> dict[str, Target]:
    posture = {"jaw": (1.5, 1.5), "lp": (3.5, 0.7), "lh": (7, 0.6), "F": (4, 0.5)}
    return _tip(0.87, 1, 0.065, Ag=(glottis, 1), **posture)


def _dental(glottis: float) -> dict[str, Target]:
    return _tip(0.99, 0.9, 0.05, Ag=(glottis, 1), jaw=(3.5, 0.6))


def _labiodental(glottis: float) -> dict[str, Target]:
    posture = {"lh": (3.5, 2), "lp": (-1, 0.5), "jaw": (2.5, 0.6)}
    return {"ld": (1, 3), "Ag": (glottis, 1), **posture}


_OPEN, _NASAL = (0.22, 1), (0.6, 1)

_CONSONANTS = {
    "P": (95, _lips(Ag=_OPEN)),
    "B": (80, _lips()),
    "M": (80, _lips(vel=_NASAL)),
    "T": (95, _alveolar(Ag=_OPEN)),
    "D": (75, _alveolar()),
    "N": (75, _alveolar(vel=_NASAL)),
    "L": (75, _alveolar(lat=(1, 1), B=(2, 0.25))),
    "K": (100, _velar(Ag=_OPEN)),
    "G": (80, _velar()),
    "NG": (85, _velar(vel=_NASAL)),
    "S": (115, _sibilant(0.24)),
    "Z": (90, _sibilant(0.10)),
    "SH": (115, _hushing(0.24)),
    "ZH": (90, _hushing(0.10)),
    "TH": (100, _dental(0.22)),
    "DH": (60, _dental(0.09)),
    "F": (100, _labiodental(0.22)),
    "V": (70, _labiodental(0.09)),
    "R": (
        75,
        {
            "tt_k": (0.85, 1),
            "tt_s": (0.82, 1),
            "tt_gap": (3.5, 1),
            "tt_w": (0.05, 1),
            "F": (-4, 0.5),
            "B": (-2, 0.5),
            "lp": (3.5, 0.8),
            "lh": (5, 0.8),
            "jaw": (4, 0.4),
        },
    ),
    "W": (
        75,
        {"F": (-1, 0.8), "B": (6, 1), "lp": (8, 1), "lh": (1, 1), "lx": (-5, 1), "jaw": (2.5, 1)},
    ),
    "Y": (
        70,
        {
            "F": (10.5, 1),
            "B": (0.5, 1),
            "jaw": (2, 1),
            "tb_k": (0.7, 1),
            "tb_s": (0.78, 1),
            "tb_gap": (2, 1),
            "tb_w": (0.09, 1),
        },
    ),
    "HH": (65, {"Ag": (0.24, 1)}),
    "SIL": (
        250,
        {
            "jaw": (2, 0.8),
            "F": (3, 0.6),
            "B": (1, 0.6),
            "T": (0, 1),
            "lh": (0, 1),
            "lp": (-1, 1),
            "vel": (0.85, 1),
            "Ag": (0.3, 1),
            "Ps": (0, 1),
            "lx": (0, 1),
        },
    ),
}


def _vowel(label: str) -> Phone:
    milliseconds, *values = _VOWELS[label]
    targets = {name: (value, 1.0) for name, value in zip(_VOWEL_COLUMNS, values, strict=True)}
    if label == "ER":
        tip = {"tt_k": 0.85, "tt_s": 0.82, "tt_gap": 4.0, "tt_w": 0.05}
        targets |= {name: (value, 1.0) for name, value in tip.items()}
    return Phone(milliseconds / 1000, {**EVERY_PHONE, **targets})


PHONES: Mapping[str, Phone] = {label: _vowel(label) for label in _VOWELS} | {
    label: Phone(milliseconds / 1000, {**EVERY_PHONE, **targets})
    for label, (milliseconds, targets) in _CONSONANTS.items()
}
"""The simple phones."""

PARTS: Mapping[str, tuple[str, str]] = {
    "AY": ("AA", "IH"),
    "AW": ("AA", "UH"),
    "OY": ("AO", "IH"),
    "EY": ("EY", "IH"),
    "OW": ("OW", "UH"),
    "CH": ("T", "SH"),
    "JH": ("D", "ZH"),
}
"""Phones made of two simple ones."""

PART_DURATIONS = (0.75, 0.6)
"""Durations of the two parts, as shares of the usual durations of the simple phones."""


def parts_of(label: str) -> list[tuple[str, float]]:
    """Simple phones of a phone with their usual durations, s."""
    if label not in PARTS:
        return [(label, PHONES[label].seconds)]
    return [
        (part, PHONES[part].seconds * share)
        for part, share in zip(PARTS[label], PART_DURATIONS, strict=True)
    ]


def usual_seconds(labels: Iterable[str]) -> float:
    """Duration of phones at the usual rate."""
    return sum(seconds for label in labels for _, seconds in parts_of(label))
