"""What happens where a consonant is made: how far the tract closes there, and in which place.

Two ways to see it. With true contours: the narrowest distance of the tongue from the palate and
velum, and where it lies. Without any (region-of-interest analysis, Lammert, Proctor & Narayanan
2010): tissue is bright and air is dark, so a closure is a rise of the grey level where the
articulators meet.
"""

import numpy as np

from s2r.core.phonetics import VOWELS, Item, Segment
from s2r.core.units import FRAME_RATE

WALL = ("palate", "velum")
"""The articulators that the tongue makes its consonants at."""

CLOSURE_SHARE = 0.003
"""Size of the region of closure as a share of the frame: about 11 mm by 11 mm of 200 by 200."""


def middle_of(phone: Segment) -> float:
    """When a consonant is closed or narrowest, s: its middle, of CH and JH that of the stop."""
    share = 0.25 if phone.label in ("CH", "JH") else 0.5
    return phone.start + share * (phone.end - phone.start)


def frame_at(seconds: float, frames: int) -> int:
    """The frame that shows an instant, within 0..frames - 1."""
    return int(np.clip(np.floor(seconds * FRAME_RATE), 0, frames - 1))


def flanks(item: Item, number: int) -> list[Segment]:
    """The nearest vowels before and after phone ``number`` of an item; none where there is none."""
    before = [phone for phone in item.phones[:number] if phone.label in VOWELS]
    after = [phone for phone in item.phones[number + 1 :] if phone.label in VOWELS]
    return before[-1:] + after[:1]


def rise(video: np.ndarray, closed: int, vowels: list[int]) -> np.ndarray:
    """Grey level of frame ``closed`` less the mean of frames ``vowels``: (H, W) float."""
    return video[closed].astype(np.float64) - video[vowels].mean(0, dtype=np.float64)


def closure_region(true_rise: np.ndarray, moving: np.ndarray) -> np.ndarray:
    """Pixels of ``moving`` (H, W) bool where the true picture brightens most: (H, W) bool.

    They are chosen on the truth, so a true rise is too large by chance and a generated one
    somewhat smaller even from a perfect model; compare systems, not with 1.
    """
    count = max(1, round(CLOSURE_SHARE * true_rise.size))
    values = np.where(moving, true_rise, -np.inf)
    brightest = np.argsort(-values, axis=None, kind="stable")[:count]
    mask = np.zeros(true_rise.size, dtype=bool)
    mask[brightest] = True
    return mask.reshape(true_rise.shape) & moving


def constriction(tongue: np.ndarray, wall: np.ndarray) -> tuple[float, np.ndarray]:
    """Degree (mm) and place (2,) mm of the narrowest oral passage.

    ``tongue`` (K, 2) and ``wall`` (M, 2), the points of palate and velum, in mm. The degree is
    the least distance of the tongue's points from those of the wall, the place that of the wall.
    """
    distance = np.linalg.norm(wall[:, None] - tongue[None], axis=-1).min(1)
    narrowest = int(distance.argmin())
    return float(distance[narrowest]), wall[narrowest]
