"""What scores are measured with: the region, the cells and the contours of the phantom."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from helpers.truth_file import write_truth_file
from s2r.core.errors import UserError
from s2r.core.shards import write_shard
from s2r.evaluation import contour_fit
from s2r.evaluation.data import open_evaluation_data
from s2r.evaluation.instruments import fit_instruments, read_instruments
from s2r.evaluation.metrics.contours import contour_error_mm
from s2r.preparation.recordings import open_recordings

LENGTH, RATE = 60, 83.2778


def write_truth(path) -> None:
    """A tongue that moves down by 10 pixels (of 2 mm) a second."""
    times = (np.arange(150) + 0.5) / RATE
    tongue = np.zeros((150, 38, 2), np.float32)
    tongue[:, :, 0] = np.linspace(20, 60, 38)
    tongue[:, :, 1] = 10 * times[:, None]
    write_truth_file(path, times, tongue, tongue, [("AA", 0, 1)])


@pytest.fixture
def corpus(tmp_path):
    """Two training recordings; only rows 8 to 15 of their pictures move."""
    rng = np.random.default_rng(0)
    items = []
    for name in ("a", "b"):
        frames = np.full((LENGTH, 32, 32), 80, np.uint8)
        frames[:, 8:16] = rng.integers(0, 255, (LENGTH, 8, 32))
        items.append((name, {"frames": frames}, {}))
    write_shard(tmp_path / "0.h5", items, {"first_frame_time": 0.5, "rate": 50})
    write_truth(tmp_path / "truth.h5")
    table = {"recording": ["a", "b"], "subject": "s1", "truth": [tmp_path / "truth.h5", ""]}
    pd.DataFrame(table).to_csv(tmp_path / "recordings.csv", index=False)
    split = pd.DataFrame({"recording": ["a", "b"], "subject": "s1", "set": "train"})
    split.to_csv(tmp_path / "split.csv", index=False)
    return {
        "frames": [tmp_path / "0.h5"],
        "split": tmp_path / "split.csv",
        "recordings": tmp_path / "recordings.csv",
    }


def test_region_and_cells_are_where_the_training_frames_move(corpus, tmp_path):
    fit_instruments(open_recordings(corpus), tmp_path / "region.npz")
    instruments = read_instruments(tmp_path / "region.npz", None)
    assert instruments.region.sum() == round(0.15 * 32 * 32)
    assert instruments.region[8:16].sum() == instruments.region.sum()
    assert set(instruments.cells[:, 0]) <= {8, 12}
    assert instruments.probe is None


def test_contour_follows_the_clock_and_the_trim(corpus):
    recordings = open_recordings(corpus)
    contour = recordings.true_contours("a")["tongue"]
    assert contour.shape == (LENGTH, 38, 2)
    seconds = 0.5 + (np.arange(LENGTH) + 0.5) / 50  # 0.5 s were dropped at the start
    np.testing.assert_allclose(contour[:, 7, 1], 2 * 10 * seconds, rtol=1e-4)
    np.testing.assert_allclose(contour[:, 0, 0], 40)
    assert recordings.true_contours("b") == {}


def test_probe_is_fitted_and_read_back(corpus, tmp_path, monkeypatch):
    quick = partial(contour_fit.train_probe, steps=2, batch=4)
    monkeypatch.setattr(contour_fit, "train_probe", quick)
    region, probe = tmp_path / "region.npz", tmp_path / "probe.safetensors"
    fit_instruments(open_recordings(corpus), region, probe)
    data = open_evaluation_data(corpus | {"region": region, "probe": [probe]})
    read, true = data.instruments.contours(data.video("a")), data.probed_contours("a")
    assert list(read) == list(true) == ["tongue", "palate"]
    error = contour_error_mm(read["tongue"], true["tongue"])
    assert error.shape == (LENGTH,)
    assert np.isfinite(error).all()
    assert data.probed_contours("b") == {}
    for no_probe in ({}, {"probe": None}, {"probe": []}):
        data = open_evaluation_data(corpus | {"region": region} | no_probe)
        assert data.probed_contours("a") == data.instruments.contours(data.video("a")) == {}


def test_what_cannot_be_fitted_or_read_is_said(corpus, tmp_path):
    table = pd.read_csv(corpus["recordings"]).assign(truth="")
    table.to_csv(tmp_path / "plain.csv", index=False)
    paths = {"region_path": tmp_path / "region.npz", "probe_path": tmp_path / "p.safetensors"}
    with pytest.raises(UserError, match="No training recording has true contours"):
        fit_instruments(open_recordings(corpus | {"recordings": tmp_path / "plain.csv"}), **paths)
    split = pd.read_csv(corpus["split"]).assign(set="unused")
    split.to_csv(tmp_path / "unused.csv", index=False)
    with pytest.raises(UserError, match="The set train of the split has no recordings"):
        fit_instruments(open_recordings(corpus | {"split": tmp_path / "unused.csv"}), **paths)
    with pytest.raises(UserError, match="run the rule instruments"):
        read_instruments(tmp_path / "region.npz", tmp_path / "p.safetensors")


def test_frames_of_an_earlier_version_are_refused(corpus, tmp_path):
    frames = np.zeros((LENGTH, 32, 32), np.uint8)
    write_shard(tmp_path / "old.h5", [("a", {"frames": frames}, {})], {"rate": 50})
    recordings = open_recordings(corpus | {"frames": [tmp_path / "old.h5"]})
    with pytest.raises(UserError, match="frames of a were made by an earlier version"):
        recordings.true_contours("a")


def test_tables_that_were_not_opened_are_named(corpus):
    frames_only = open_recordings({"frames": corpus["frames"]})
    with pytest.raises(ValueError, match="without their split"):
        frames_only.members("train")
    with pytest.raises(ValueError, match="without their index"):
        frames_only.true_contours("a")
    with pytest.raises(ValueError, match="without their embeddings"):
        frames_only.embedded("a")
