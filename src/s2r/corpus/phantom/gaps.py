"""Missing and broken recordings of a phantom corpus, as in a real one.

29 of the 2,400 recordings of the USC corpus are missing; it is not known which. Here they are drawn
by the seed.
"""

from dataclasses import dataclass

import numpy as np

from s2r.corpus.phantom.stimuli import Profile, Recording

Place = tuple[int, Recording]
"""Number of the subject, and the recording."""


@dataclass(frozen=True)
class Gaps:
    """Recordings of a corpus that do not exist, and those whose video is cut off."""

    missing: frozenset[Place]
    truncated: frozenset[Place]


def draw_gaps(profile: Profile, seed: int) -> Gaps:
    """Draw ``profile.missing`` and ``profile.truncated`` recordings from all of the profile.

    The result depends on the arguments only: a part of a corpus has the same gaps as in the whole.
    """
    places = [(s, r) for s in range(1, profile.speakers + 1) for r in profile.recordings]
    count = profile.missing + profile.truncated
    drawn = np.random.default_rng([seed, len(places)]).permutation(len(places))[:count]
    gaps = [places[index] for index in drawn]
    return Gaps(frozenset(gaps[: profile.missing]), frozenset(gaps[profile.missing :]))
