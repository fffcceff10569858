"""From a text to articulatory movements: phones in time, blended by dominance.

Dominance blending after Cohen & Massaro (1993). The movements are closed forms of time, so that
sound and picture can sample the same utterance at different instants.
"""

import zlib
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import expit

from s2r.core.phonetics import VOICELESS_STOPS, VOWELS, Segment
from s2r.corpus.phantom.phones import (
    NEUTRAL,
    OTHER_TRANSITIONS,
    PHONES,
    TRANSITIONS,
    parts_of,
)
from s2r.corpus.phantom.speakers import OFFSET_PARAMETERS, STYLE_PARAMETERS, Speaker
from s2r.corpus.phantom.stimuli import PROFILES, Profile, phone_sequence
from s2r.corpus.phantom.tract import PARAMETERS, column

VOICE_ONSET = 0.03  # s that the glottis stays open after P, T and K
_EDGE = 0.3  # s of rest before and after
_JITTER = 0.12
_FINAL = 1.4
_SCATTER = 0.35  # mm
_SCATTERED = ("F", "B", "T", "jaw")
_SLOPE = 0.55
_BLOCK, _REACH = 2.0, 1.0  # s; at 1 s from its phone a dominance is below 1e-20
_KNOTS = 0.15  # s
_DECLINATION = 0.12

_NEUTRAL = np.array([NEUTRAL.get(name, 0.0) for name in PARAMETERS])
_NEUTRAL_WEIGHTS = np.array([0.001 if name in ("Ag", "Ps") else 0.02 for name in PARAMETERS])


def _columns_by_transition() -> dict[tuple[float, bool], list[int]]:
    """(time constant, whether the glottis) -> columns. Ag has separate edges."""
    groups = defaultdict(list)
    for index, name in enumerate(PARAMETERS):
        groups[TRANSITIONS.get(name, OTHER_TRANSITIONS), name == "Ag"].append(index)
    return dict(groups)


_GROUPS = _columns_by_transition()


@dataclass(frozen=True)
class Utterance:
    """The plan of one recording: phones in time, targets of the articulators, pitch."""

    speaker: Speaker
    stimulus: str
    phones: tuple[Segment, ...]
    """Phones as in the script (AY, CH)."""
    parts: tuple[Segment, ...]
    """The simple phones (AA, IH, T, SH) that have targets."""
    values: np.ndarray
    """(len(parts), len(PARAMETERS)) targets."""
    weights: np.ndarray
    """(len(parts), len(PARAMETERS)) weights; 0 where a phone names no target."""
    pitch: np.ndarray
    """(K,) natural logarithm of F0 / Hz, every 0.15 s; none where the voice is another's."""

    @property
    def duration(self) -> float:
        """Length in s, silence at both ends included."""
        return self.parts[-1].end

    def trajectories(self, times: np.ndarray) -> np.ndarray:
        """Articulatory parameters (T, len(PARAMETERS)) at ``times`` (T,) s."""
        times = np.asarray(times, float)
        q = np.empty((len(times), len(PARAMETERS)))
        block = np.floor(times / _BLOCK).astype(int)
        start = np.array([part.start for part in self.parts])
        end = np.array([part.end for part in self.parts])
        for number in np.unique(block):
            near = (end > number * _BLOCK - _REACH) & (start < (number + 1) * _BLOCK + _REACH)
            rows = block == number
            q[rows] = self._blend(times[rows], np.flatnonzero(near), start, end)
        # velar closures follow the vowel (narrow tongue body constrictions only)
        narrow = np.clip((0.088 - q[:, column("tb_w")]) / 0.01, 0, 1)
        q[:, column("tb_s")] += 0.0045 * np.clip(q[:, column("F")], -8, 12) * narrow
        return q

    def _blend(
        self, times: np.ndarray, near: np.ndarray, start: np.ndarray, end: np.ndarray
    ) -> np.ndarray:
        q = np.empty((len(times), len(PARAMETERS)))
        weights, values = self.weights[near], self.values[near]
        onsets = _voice_onsets(self.parts)
        for (tau, glottal), columns in _GROUPS.items():
            slope = _SLOPE * tau * self.speaker.coart
            late = onsets if glottal else np.zeros(len(end) + 1)
            opening = (times[:, None] - start[near] - late[near]) / slope
            closing = (end[near] + late[near + 1] - times[:, None]) / slope
            dominance = expit(opening) * expit(closing)
            neutral = _NEUTRAL_WEIGHTS[columns]
            pull = dominance @ (weights * values)[:, columns] + neutral * _NEUTRAL[columns]
            q[:, columns] = pull / (dominance @ weights[:, columns] + neutral)
        return q

    def f0(self, times: np.ndarray) -> np.ndarray:
        """Fundamental frequency (T,) Hz at ``times`` (T,) s."""
        return np.exp(np.interp(times, np.arange(len(self.pitch)) * _KNOTS, self.pitch))


def _voice_onsets(parts: tuple[Segment, ...]) -> np.ndarray:
    """Delay (N + 1,) s of the glottis at the edges of N parts: voice onset after P, T and K."""
    late = np.zeros(len(parts) + 1)
    for index, (part, after) in enumerate(pairwise(parts), start=1):
        if part.label in VOICELESS_STOPS:
            late[index] = min(VOICE_ONSET, (after.end - after.start) / 2)
    return late


def recording_rng(
    seed: int, speaker: Speaker, recording: str, purpose: str = "speech"
) -> np.random.Generator:
    """Random numbers that depend on seed, speaker, recording name and purpose alone.

    The order in which recordings are made, and the number of processes, do not matter.
    """
    name = zlib.crc32(f"{recording}/{purpose}".encode())
    return np.random.default_rng(np.random.SeedSequence([seed, speaker.index, name]))


def plan_speech(
    speaker: Speaker,
    stimulus: str,
    seed: int,
    profile: str | Profile,
    repetition: int | None = None,
) -> Utterance:
    """The utterance of ``speaker`` for ``stimulus`` (a key of STIMULI).

    ``profile`` (a key of PROFILES, or a Profile) says how long recordings are; ``repetition``
    distinguishes readings of one text. Equal arguments give equal utterances.
    """
    profile = PROFILES[profile] if isinstance(profile, str) else profile
    recording = stimulus if repetition is None else f"{stimulus}_r{repetition}"
    rng = recording_rng(seed, speaker, recording)
    seconds = profile.seconds(stimulus)
    spoken = None if seconds is None else seconds - 2 * _EDGE
    labels = phone_sequence(stimulus, speaker, rng, spoken)
    phones, parts = _timing(labels, speaker, rng)
    values, weights = targets(parts, speaker, rng)
    pitch = _pitch(phones, speaker, rng)
    return Utterance(speaker, stimulus, phones, parts, values, weights, pitch)


def _timing(
    labels: list[str], speaker: Speaker, rng: np.random.Generator
) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Phones and simple phones one after the other, with rest at both ends."""
    final = set()
    for index, label in enumerate([*labels, "SIL"]):
        if label == "SIL":
            before = [i for i in range(index) if labels[i] in VOWELS]
            final.update(before[-1:])
    phones, parts = [Segment("SIL", 0.0, _EDGE)], [Segment("SIL", 0.0, _EDGE)]
    for index, label in enumerate(labels):
        begin = phones[-1].end
        factor = np.exp(_JITTER * rng.standard_normal()) / speaker.rate
        factor *= _FINAL if index in final else 1.0
        for part, seconds in parts_of(label):
            parts.append(Segment(part, parts[-1].end, parts[-1].end + seconds * factor))
        phones.append(Segment(label, begin, parts[-1].end))
    last = Segment("SIL", phones[-1].end, phones[-1].end + _EDGE)
    return (*phones, last), (*parts, last)


def targets(
    parts: tuple[Segment, ...], speaker: Speaker, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Targets and weights (N, len(PARAMETERS)) with habits, style and scatter of the speaker."""
    values = np.zeros((len(parts), len(PARAMETERS)))
    weights = np.zeros_like(values)
    scatter = _SCATTER * rng.standard_normal((len(parts), len(_SCATTERED)))
    for row, part in enumerate(parts):
        for name, (value, weight) in PHONES[part.label].targets.items():
            values[row, column(name)] = _personal(name, value, part.label, speaker)
            weights[row, column(name)] = weight
        for name, deviation in zip(_SCATTERED, scatter[row], strict=True):
            values[row, column(name)] += deviation
    jaw = column("jaw")
    values[:, jaw] = np.maximum(values[:, jaw], 0)
    return values, weights


def _personal(name: str, value: float, label: str, speaker: Speaker) -> float:
    """The target of this speaker. Lips that close always close; open lips stay open."""
    closure = name == "lh" and value <= 0
    if name in STYLE_PARAMETERS and value > 0:
        personal = value * speaker.style_factor(name)
    else:
        personal = value
    if name in OFFSET_PARAMETERS and not closure:
        personal += speaker.offset(label)[OFFSET_PARAMETERS.index(name)]
    return max(personal, 0.7 * value) if name == "lh" and not closure else personal


def _pitch(phones: tuple[Segment, ...], speaker: Speaker, rng: np.random.Generator) -> np.ndarray:
    """Logarithm of F0 every 0.15 s: it varies at random, and falls during each phrase."""
    count = int(np.ceil(phones[-1].end / _KNOTS)) + 1
    wander = np.zeros(count)
    for index in range(1, count):
        wander[index] = 0.8 * wander[index - 1] + 0.035 * rng.standard_normal()
    knots = np.arange(count) * _KNOTS
    rests = [phone for phone in phones if phone.label == "SIL"]
    edges = [rest.end for rest in rests], [rest.start for rest in rests]
    fall = np.zeros(count)
    for begin, end in zip(edges[0], edges[1][1:], strict=False):
        inside = (knots >= begin) & (knots < end)
        fall[inside] = (knots[inside] - begin) / (end - begin) - 0.5
    return np.log(speaker.f0) + wander - _DECLINATION * fall
