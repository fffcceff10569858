"""Speakers of the phantom: anatomy, voice and habits, drawn from a seed."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from s2r.corpus.phantom.phones import PHONES

OFFSET_PARAMETERS = ("F", "B", "T", "jaw", "lh", "lp")
"""Articulatory parameters to which a speaker adds an offset for every phone."""

STYLE_PARAMETERS = ("F", "B", "jaw", "lh", "lp")
"""Articulatory parameters whose positive targets a speaker scales."""

OFFSET_DEVIATIONS = (1.2, 1.2, 0.8, 1.0, 0.8, 0.8)
"""Standard deviations (mm) of the offsets, in the order of OFFSET_PARAMETERS."""


@dataclass(frozen=True)
class Speaker:
    """One speaker. The defaults are the male reference anatomy without personal habits.

    Lengths are in mm of the reference plane (x posterior, y up, origin at the upper incisor).
    """

    name: str = "reference"
    index: int = 0
    female: bool = False
    sx: float = 1.0  # scale of the plane, front to back
    sy: float = 1.0  # scale of the plane below the palate, up and down
    pal: float = 0.0  # height added to the palate, mm
    palx: float = 0.0  # shift of that vault towards the back, mm
    wall_bulge: float = 0.0  # bulge of the rear pharynx wall, mm
    tilt: float = 0.0  # shear of the pharynx
    lipw: float = 1.0  # factor of the lip width
    alpha: float = 1.0  # factor of the cross-sections
    sct: float = 1.0  # size of the tongue: divides the neutral tongue-wall distance
    f0: float = 115.0  # Hz
    OQ: float = 0.60  # open quotient of the glottis
    source_tilt: float = 0.50  # coefficient of the one-pole low-pass on the source
    coart: float = 1.0  # factor of all transition times
    rate: float = 1.0  # factor of speech rate
    style: Mapping[str, float] = field(default_factory=dict)
    offsets: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    head_tilt_degrees: float = 0.0
    head_offset_mm: tuple[float, float] = (0.0, 0.0)
    snr: float = 33.0  # signal-to-noise ratio of the pictures

    def to_json(self) -> str:
        """All fields as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def style_factor(self, parameter: str) -> float:
        """Factor of the positive targets of an articulatory parameter."""
        return self.style.get(parameter, 1.0)

    def offset(self, phone: str) -> tuple[float, ...]:
        """Offsets of this speaker for one phone: mm, in the order of OFFSET_PARAMETERS."""
        return self.offsets.get(phone, (0.0,) * len(OFFSET_PARAMETERS))


REFERENCE = Speaker()


def draw_speaker(index: int, seed: int) -> Speaker:
    """Speaker ``sub{index:03d}`` of a corpus; women have odd numbers.

    The result depends on (seed, index) only, not on the number of speakers that are drawn.
    Normal deviates are clipped at two standard deviations, to stay in the human range.
    """
    rng = np.random.default_rng([seed, index, zlib.crc32(b"speaker")])

    def normal() -> float:
        return float(np.clip(rng.standard_normal(), -2, 2))

    female = index % 2 == 1
    anatomy = {
        "sx": (0.92 if female else 1.0) * np.exp(0.03 * normal()),
        "sy": (0.86 if female else 1.0) * np.exp(0.035 * normal()),
        "pal": 1.8 * normal(),
        "palx": 4 * normal(),
        "wall_bulge": 1.2 * normal(),
        "tilt": 0.05 * normal(),
        "lipw": np.exp(0.08 * normal()),
        "alpha": np.exp(0.10 * normal()),
        "sct": np.exp(0.04 * normal()),
    }
    voice = {
        "f0": (200 if female else 115) * np.exp(0.08 * normal()),
        "OQ": (0.68 if female else 0.60) + 0.03 * normal(),
        "source_tilt": (0.62 if female else 0.50) + 0.06 * normal(),
        "coart": np.exp(0.12 * normal()),
        "rate": np.exp(0.08 * normal()),
        "head_tilt_degrees": 5 * normal(),
        "snr": 33 + 3 * normal(),
    }
    return Speaker(
        name=f"sub{index:03d}",
        index=index,
        female=female,
        **{key: float(value) for key, value in (anatomy | voice).items()},
        head_offset_mm=(4 * normal(), 4 * normal()),
        style={name: float(np.exp(0.18 * normal())) for name in STYLE_PARAMETERS},
        offsets={
            phone: tuple(deviation * normal() for deviation in OFFSET_DEVIATIONS)
            for phone in sorted(PHONES)
        },
    )
