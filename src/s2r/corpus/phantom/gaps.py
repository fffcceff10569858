"""What is absent or broken in a phantom corpus, as in a real one.

Of the USC corpus it is known that 29 of the 2,400 recordings are missing, not which; here the seed
draws them.
"""

from dataclasses import dataclass

import numpy as np

from s2r.corpus.phantom.stimuli import Profile, Recording

Place = tuple[int, Recording]
"""Number of the subject, and what is recorded."""


@dataclass(frozen=True)
class Gaps:
    """Recordings of a corpus that do not exist, and those whose video breaks off."""

    missing: frozenset[Place]
    truncated: frozenset[Place]


def draw_gaps(profile: Profile, seed: int) -> Gaps:
    """Draw ``profile.missing`` and ``profile.truncated`` recordings from all of the profile.

    Only the arguments decide, so the first subjects of a corpus have the gaps that they have in
    the whole of it.
    """
    places = [(s, r) for s in range(1, profile.speakers + 1) for r in profile.recordings]
    count = profile.missing + profile.truncated
    drawn = np.random.default_rng([seed, len(places)]).permutation(len(places))[:count]
    chosen = [places[index] for index in drawn]
    return Gaps(frozenset(chosen[: profile.missing]), frozenset(chosen[profile.missing :]))
