"""Stage 1 sees the sets train and silent, and no other."""

import numpy as np
import pandas as pd
import pytest
import torch

from s2r.config.model_blocks import AutoencoderBlock
from s2r.core.errors import UserError
from s2r.core.shards import Shards, write_shard
from s2r.model.autoencoder import load_autoencoder
from s2r.preparation.recordings import RecordingSet
from s2r.training.autoencoder import fit_autoencoder

SIZE, FRAMES, CODES = 16, 40, 2
SPOKEN = np.s_[3:6, 3:13]
"""Where recordings with sound move."""
SILENT = np.s_[10:13, 3:13]
"""Where those without sound do."""


def recording(place, seed):
    """(T, H, W) uint8: still at the start, then one bar of the picture changes its brightness."""
    rng = np.random.default_rng(seed)
    brightness = 60 * np.sin(np.linspace(0, 9, FRAMES)) * (np.arange(FRAMES) >= 10)
    video = rng.normal(100, 2, (FRAMES, SIZE, SIZE))
    video[:, *place] += brightness[:, None, None]
    return video.clip(0, 255).astype(np.uint8)


def corpus(folder, sets):
    """Two recordings that move at ``SPOKEN``, one each that moves at ``SILENT``, and their sets."""
    places = {"s1_a": SPOKEN, "s2_a": SPOKEN, "s1_quiet": SILENT, "s3_quiet": SILENT}
    items = [
        (name, {"frames": recording(place, seed), "audio": np.empty(0, np.float32)}, {})
        for seed, (name, place) in enumerate(places.items())
    ]
    write_shard(folder / "00.h5", items, {})
    rows = [(name, name[:2], name[3:], sets.get(name, "train")) for name in places]
    split = pd.DataFrame(rows, columns=["recording", "subject", "stimulus", "set"])
    return RecordingSet(Shards([folder / "00.h5"]), split)


def moved(model):
    """Share of the components' energy at ``SPOKEN`` and at ``SILENT``."""
    energy = model.components.view(-1, SIZE, SIZE).square().sum(0)
    return float(energy[SPOKEN].sum() / CODES), float(energy[SILENT].sum() / CODES)


def fitted(folder, sets):
    path = folder / "autoencoder.safetensors"
    model = fit_autoencoder(AutoencoderBlock(CODES), corpus(folder, sets), path)
    kept, info = load_autoencoder(path)
    assert torch.equal(kept.components, model.components)
    return model, info


def test_the_codes_describe_what_moves_in_recordings_without_sound(tmp_path):
    alone, info = fitted(tmp_path, {"s1_quiet": "unused", "s3_quiet": "unused"})
    assert (info["recordings"], info["silent_recordings"]) == (2, 0)
    spoken, silent = moved(alone)
    assert spoken > 0.4
    assert silent < 0.1
    both, info = fitted(tmp_path, {"s1_quiet": "silent", "s3_quiet": "silent"})
    assert (info["recordings"], info["silent_recordings"]) == (4, 2)
    spoken, silent = moved(both)
    assert min(spoken, silent) > 0.4
    # No other set is looked at.
    tested, _ = fitted(tmp_path, {"s1_quiet": "unseen_speech", "s3_quiet": "validation"})
    assert torch.equal(tested.components, alone.components)


def test_recordings_without_sound_alone_are_not_enough(tmp_path):
    names = ("s1_a", "s2_a", "s1_quiet", "s3_quiet")
    with pytest.raises(UserError, match="the split has no training recordings"):
        fitted(tmp_path, dict.fromkeys(names, "silent"))
