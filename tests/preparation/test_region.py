"""The dynamic region."""

import numpy as np
import pytest

from s2r.preparation.region import dynamic_region


def test_dynamic_region_is_where_the_training_frames_move():
    rng = np.random.default_rng(4)
    still = rng.integers(0, 256, (64, 64))
    recordings = []
    for offset in (0, 40):  # subjects differ in brightness everywhere, move in one corner
        frames = np.repeat(np.clip(still + offset, 0, 200)[None], 30, axis=0)
        frames[:, :16, :16] += rng.integers(0, 50, (30, 16, 16))
        recordings.append(frames.astype(np.uint8))
    mask = dynamic_region(recordings, 256 / 4096)
    assert mask.sum() == 256 and mask[:16, :16].all()
    assert dynamic_region(iter(recordings), 0.15).sum() == round(0.15 * 4096)
    with pytest.raises(ValueError):
        dynamic_region([])
