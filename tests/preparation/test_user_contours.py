"""Contours of users in mm at the frames of the clock, and what does not fit the recordings."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from s2r.config.data_blocks import Articulator, ContoursBlock
from s2r.core.errors import UserError
from s2r.core.media.encode import write_video
from s2r.core.polylines import resampled
from s2r.core.shards import Shards
from s2r.corpus.articulators import ARTICULATORS
from s2r.corpus.index import index_corpus
from s2r.preparation.contours import (
    POINTS,
    on_clock,
    prepare_contours,
)
from s2r.preparation.frames import FramesConfig, prepare_shard
from s2r.preparation.prepared_contours import open_contours
from s2r.preparation.recordings import RecordingSet

WIDTH, HEIGHT, RATE = 24, 20, 100


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Two recordings of 1 s at 100 Hz, 24 x 20 pixels; the frames start .1 s later."""
    home = tmp_path_factory.mktemp("contours")
    rng = np.random.default_rng(0)
    for name in ("one", "two"):
        pictures = rng.integers(0, 255, (RATE, HEIGHT, WIDTH), dtype=np.uint8)
        sound = (0.1 * rng.standard_normal(16_000)).astype(np.float32)
        write_video(home / "anna" / f"{name}.mp4", pictures, RATE, sound, 16_000)
    table = index_corpus("folder", home, workers=1)
    prepare_shard(table, home / "00.h5", FramesConfig(size=16, onset_trim=0.1))
    split = pd.DataFrame(
        {"recording": ["anna_one", "anna_two"], "subject": "anna", "set": ["train", "validation"]}
    )
    return RecordingSet(Shards([home / "00.h5"]), split, table.set_index("recording"))


def line(frame, shift=0.0):
    """A contour that moves to the right by .1 pixels a frame."""
    return np.array([[4 + 0.1 * frame + shift, 5 + shift], [4 + 0.1 * frame + shift, 15 + shift]])


def write(folder, frames, shift=0.0, scale=1.0, recording="anna_one", articulator="tongue"):
    rows = [
        (recording, frame, articulator, *(scale * point))
        for frame in frames
        for point in line(frame, shift)
    ]
    columns = ["recording", "frame", "articulator", "x", "y"]
    pd.DataFrame(rows, columns=columns).to_csv(
        folder / f"{recording}-{articulator}.csv", index=False
    )


def prepared(recordings, folder, recording="anna_one", **settings):
    block = ContoursBlock(**{"path": str(folder), "pixel_mm": 2.5, **settings})
    prepare_contours(recordings, block, folder / "contours.hdf")
    return open_contours(folder / "contours.hdf").of(recording)


def test_points_are_mm_of_the_central_square_at_the_times_of_the_frames(recordings, tmp_path):
    write(tmp_path, range(RATE))
    contours = prepared(recordings, tmp_path)
    assert contours.keys() == {"tongue"} and contours["tongue"].shape == (45, POINTS, 2)
    times = 0.1 + (np.arange(45) + 0.5) / 50
    # frame 0 is centred at 5 ms; 2 pixels to the left of the square are cut off
    x = (4 + 0.1 * (times * RATE - 0.5) - 2) * 2.5
    np.testing.assert_allclose(contours["tongue"][:, 0, 0], x, rtol=1e-5)
    np.testing.assert_allclose(
        contours["tongue"][3, :, 1], np.linspace(12.5, 37.5, POINTS), rtol=1e-5
    )
    opened = open_contours(tmp_path / "contours.hdf")
    assert opened.field_mm == HEIGHT * 2.5 and opened.of("anna_two") == {}


@pytest.mark.parametrize(
    ("settings", "shift", "scale"),
    [
        ({"unit": "mm"}, 0.0, 2.5),
        ({"first_pixel": 0}, -0.5, 1.0),
        ({"first_pixel": 1}, 0.5, 1.0),
    ],
)
def test_units_and_origins_agree(recordings, tmp_path, settings, shift, scale):
    for name in ("default", "other"):
        (tmp_path / name).mkdir()
    write(tmp_path / "default", range(RATE))
    write(tmp_path / "other", range(RATE), shift, scale)
    expected = prepared(recordings, tmp_path / "default")["tongue"]
    found = prepared(recordings, tmp_path / "other", **settings)["tongue"]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_frames_may_be_numbered_from_1(recordings, tmp_path):
    write(tmp_path, range(1, RATE + 1), shift=0.0)
    first = prepared(recordings, tmp_path, first_frame=1)["tongue"]
    np.testing.assert_allclose(first[0, 0, 0], (4 + 0.1 * 11.5 - 2) * 2.5, rtol=1e-5)


def test_single_frames_count_at_the_nearest_time_only(recordings, tmp_path):
    traced = range(14, RATE, 4)
    write(tmp_path, traced)
    known = np.isfinite(prepared(recordings, tmp_path)["tongue"][:, 0, 0])
    assert known.sum() == len(traced)


def test_beyond_the_traced_frames_nothing_is_known():
    frames = {5: np.zeros((3, 2)), 6: np.ones((3, 2)), 9: np.full((3, 2), 9.0)}
    found = on_clock(frames, (np.arange(12) + 0.5) / 50, 50)[:, 0, 0]
    expected = np.full(12, np.nan)
    expected[[5, 6, 9]] = 0, 1, 9
    np.testing.assert_allclose(found, expected)
    halfway = on_clock(frames, np.array([6.0]) / 50, 50)[0, 0]
    np.testing.assert_allclose(halfway, 0.5)


def test_points_are_spaced_evenly():
    bent = np.array([[0.0, 0], [1, 0], [1, 3]])
    np.testing.assert_allclose(
        resampled(bent[None], 5)[0], [[0, 0], [1, 0], [1, 1], [1, 2], [1, 3]]
    )
    assert (resampled(np.ones((1, 2, 2)), 4) == 1).all()


@pytest.mark.parametrize(
    ("written", "settings", "said"),
    [
        (
            {"frames": range(RATE + 1)},
            {},
            "is traced in frame 100, and the recording has frames 0 to",
        ),
        ({"frames": range(RATE)}, {"first_frame": 1}, "is traced in frame 0"),
        ({"frames": range(RATE), "scale": 2.5}, {}, "lie outside the picture of 24 x 20 pixels"),
        ({"frames": range(RATE), "articulator": "nose"}, {}, "'nose', which is no articulator"),
        ({"frames": range(RATE), "recording": "eva_one"}, {}, "has no such recording"),
        (
            {"frames": range(30)},
            {},
            "is traced in 10 frames of training recordings, and at least 20",
        ),
        ({"frames": range(RATE), "recording": "anna_two"}, {}, "is traced in 0 frames of training"),
    ],
)
def test_what_does_not_fit_is_refused(recordings, tmp_path, written, settings, said):
    write(tmp_path, **written)
    with pytest.raises(UserError) as caught:
        prepared(recordings, tmp_path, **settings)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "contours.hdf").exists()


def test_the_configuration_knows_all_articulators():
    assert get_args(Articulator) == ARTICULATORS


def test_names_of_others_are_translated(recordings, tmp_path):
    write(tmp_path, range(RATE), articulator="Zunge")
    assert prepared(recordings, tmp_path, articulators={"Zunge": "tongue"}).keys() == {"tongue"}
    write(tmp_path, range(RATE), articulator="tongue")
    with pytest.raises(UserError, match="two contours of anna_one are its tongue"):
        prepared(recordings, tmp_path, articulators={"Zunge": "tongue"})
