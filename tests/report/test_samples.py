"""The contact sheet and the side-by-side videos hold what they say, in the right places."""

import numpy as np
import pytest
from PIL import Image

from s2r.core.errors import UserError
from s2r.core.media.decode import probe, read_audio, read_video
from s2r.core.shards import write_shard
from s2r.generation.generated_file import GeneratedWriter
from s2r.preparation.recordings import open_recordings
from s2r.report.samples import write_samples

SETS = ("unseen_speech", "unseen_both")
SIZE, LENGTH = 64, 100
RECORDINGS = {"unseen_speech": ["a1", "a2"], "unseen_both": []}


def flat(level: int, draws: int = 1) -> np.ndarray:
    """Videos of one grey level; every further draw is 20 levels brighter."""
    levels = level + 20 * np.arange(draws, dtype=np.uint8)
    return np.tile(levels[:, None, None, None], (1, LENGTH, SIZE, SIZE))


@pytest.fixture
def corpus(tmp_path):
    """One set with two recordings and an empty one; every system has its own grey level."""
    sound = (0.5 * np.sin(np.arange(LENGTH * 320) * 0.2)).astype(np.float32)
    shard = tmp_path / "frames.h5"
    arrays = {"frames": flat(200)[0], "audio": sound}
    write_shard(shard, [(name, arrays, {}) for name in ("a1", "a2")], {})
    systems = {
        "copied_frame": (60, "copied_frame"),
        "mean-m": (90, "mean"),
        "mean-other": (10, "mean"),
        "recurrent-x": (40, "recurrent"),
        "m": (120, "model"),
        "other": (20, "model"),
    }
    generated = {}
    for system, (level, kind) in systems.items():
        for set_name in SETS:
            path = tmp_path / f"{system}-{set_name}.h5"
            generated[system, set_name] = path
            with GeneratedWriter(path, system=system, kind=kind) as writer:
                for recording in RECORDINGS[set_name]:
                    draws = 3 if system in ("m", "other") else 1
                    writer.rollout(recording, flat(level, draws))
    return {
        "recordings": open_recordings({"frames": [shard]}),
        "generated": generated,
        "best": "m",
    }


@pytest.mark.parametrize(
    ("best", "expected"),
    [
        ("m", [200, 120, 140, 90, 60]),  # truth, draw, mean of draws, its mean, copied frame
        ("recurrent-x", [200, 40, 60]),  # truth, its video, copied frame
    ],
)
def test_sheet_shows_truth_best_model_and_baselines(corpus, tmp_path, best, expected):
    write_samples(**corpus | {"best": best}, folder=tmp_path / "samples")
    sheet = np.asarray(Image.open(tmp_path / "samples" / "contact_sheet.png"))
    column = sheet[:, -60]  # inside the last picture of every row
    runs = np.split(column, np.flatnonzero(np.diff(column.astype(int))) + 1)
    levels = [int(run[0]) for run in runs if len(run) == 2 * SIZE]
    assert levels == expected


def test_videos_have_truth_left_generated_right_and_sound(corpus, tmp_path):
    write_samples(**corpus, folder=tmp_path / "samples", videos=1)
    found = sorted(path.relative_to(tmp_path / "samples") for path in tmp_path.rglob("*.mp4"))
    assert [str(path) for path in found] == [
        "m/unseen_speech/a1.mp4",
        "other/unseen_speech/a1.mp4",
        "recurrent-x/unseen_speech/a1.mp4",
    ]
    video = tmp_path / "samples" / found[0]
    assert probe(video).frames == LENGTH
    frames, rate = read_video(video)
    assert rate == 50
    left, right = frames[50, 60:, :200], frames[50, 60:, -200:]
    assert abs(left.mean() - 200) < 3
    assert abs(right.mean() - 120) < 3
    audio, sample_rate = read_audio(video)
    assert abs(len(audio) / sample_rate - LENGTH / 50) < 0.06
    assert np.abs(audio).max() > 0.3


def test_phantom_is_named_on_the_sheet(corpus, tmp_path):
    write_samples(**corpus, folder=tmp_path / "plain", videos=0)
    write_samples(**corpus, folder=tmp_path / "marked", videos=0, synthetic=True)
    plain, marked = (
        Image.open(tmp_path / name / "contact_sheet.png").size[1] for name in ("plain", "marked")
    )
    assert marked == plain + 30
    assert not list((tmp_path / "marked").rglob("*.mp4"))


def test_missing_files_leave_no_folder(corpus, tmp_path):
    corpus["generated"]["m", "unseen_speech"].unlink()
    with pytest.raises(UserError, match=r"m-unseen_speech\.h5: there is no such file"):
        write_samples(**corpus, folder=tmp_path / "samples")
    assert not (tmp_path / "samples").exists()


def test_nothing_to_show(corpus, tmp_path):
    empty = {key: path for key, path in corpus["generated"].items() if key[1] == "unseen_both"}
    with pytest.raises(UserError, match="no test set has recordings"):
        write_samples(**corpus | {"generated": empty}, folder=tmp_path / "samples")
