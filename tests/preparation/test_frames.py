"""Any video onto the clock: time, sound in step, errors kept apart."""

import json
from fractions import Fraction

import h5py
import numpy as np
import pandas as pd
import pytest

from helpers.repository import RECORDINGS
from s2r.config.data_blocks import FolderBlock
from s2r.core.errors import UserError
from s2r.core.media.encode import write_video, write_wav
from s2r.core.shards import Shards
from s2r.corpus.index import index_corpus
from s2r.preparation.frames import (
    FramesConfig,
    first_frame_time,
    prepare_recording,
    prepare_shard,
)
from s2r.preparation.offsets import collect_offsets
from s2r.preparation.pictures import (
    retime,
    shrink,
)

REAL = RECORDINGS / "real_rtmri"
USC_RATE = Fraction(1_000_000, 12_008)
RNG = np.random.default_rng(0)


PERIOD, SWING, MIDDLE = 2.0, 25.0, 42.0
SPEED = 4 * SWING / PERIOD
PASSING = np.arange(0.5, 30, 1.0)
"""Times at which the bar passes the middle."""


def place(times):
    """Centre of the bar in pixels: back and forth at 50 pixels a second, from -25 to 25."""
    phase = np.asarray(times) / PERIOD % 1
    return SWING * (1 - 4 * abs(phase - 0.5))


def moving_bar(rate, seconds):
    """Frames (T, 84, 84) with a soft bar whose place in frame i is that of its centre in time."""
    count = int(seconds * rate)
    centres = (np.arange(count) + 0.5) / float(rate)
    columns = np.arange(84) + 0.5
    bar = np.exp(-(((columns - MIDDLE - place(centres)[:, None]) / 4) ** 2))
    rows = (20 + 200 * bar).astype(np.uint8)[:, None, :]
    return np.broadcast_to(rows, (count, 84, 84))


def seen_place(frames):
    """Centre of gravity of what stands out, in pixels of the source from the middle."""
    rows = frames.astype(float).mean(axis=1)
    rows = np.clip(rows - np.median(rows, axis=1, keepdims=True) - 5, 0, None)
    columns = (np.arange(64) + 0.5) * 84 / 64
    return (rows * columns).sum(axis=1) / rows.sum(axis=1) - MIDDLE


def seen_sound(audio, near):
    """Centre of gravity of the burst within 0.1 s of ``near``."""
    times = np.arange(len(audio)) / 16_000
    power = np.where(abs(times - near) < 0.1, audio.astype(float) ** 2, 0)
    return (times * power).sum() / power.sum()


@pytest.fixture(scope="module")
def timed_corpus(tmp_path_factory):
    """30 s of a moving bar at two frame rates; a short tone whenever it passes the middle."""
    root = tmp_path_factory.mktemp("timed")
    times = np.arange(30 * 44_100) / 44_100
    envelope = sum(np.exp(-(((times - at) / 0.004) ** 2)) for at in PASSING)
    sound = (0.5 * envelope * np.sin(2 * np.pi * 1_000 * times)).astype(np.float32)
    for name, rate in {"fast": USC_RATE, "slow": Fraction(1159, 50)}.items():
        write_video(root / f"{name}.mp4", moving_bar(rate, 30), rate, sound, 44_100)
    return root


def timing_errors(frames):
    """Seconds by which each frame shows another time than the centre of its bin.

    The two frames around a turning point are left out: there a place does not tell the time.
    """
    times = (np.arange(len(frames)) + 0.5) / 50
    phase = times / PERIOD % 1
    direction = np.where(phase < 0.5, 1, -1)
    errors = (seen_place(frames) - place(times)) * direction / SPEED
    return errors[(abs(phase - 0.5) > 0.03) & (phase > 0.03) & (phase < 0.97)]


@pytest.mark.parametrize("name", ["fast", "slow"])
def test_time_is_right_to_half_a_frame_over_30_seconds(timed_corpus, name):
    path = str(timed_corpus / f"{name}.mp4")
    made = prepare_recording({"video": path, "audio": path}, FramesConfig())
    frames, audio = made["frames"], made["audio"]
    assert frames.dtype == np.uint8
    assert audio.dtype == np.float32
    assert len(frames) >= 1498
    assert len(audio) == 320 * len(frames)
    errors = timing_errors(frames)
    assert len(errors) > 1250
    assert abs(errors).max() < 0.010
    assert abs(errors[-200:].mean() - errors[:200].mean()) < 0.001

    times = (np.arange(len(frames)) + 0.5) / 50
    places = seen_place(frames)
    for at in PASSING:
        near = abs(times - at) < 0.2
        direction = np.sign(places[near][-1] - places[near][0])
        seen = np.interp(0, direction * places[near], times[near])
        sounded = seen_sound(audio, at)
        assert abs(seen - sounded) < 0.010
        assert abs(sounded - at) < 0.002


def test_the_timing_test_would_notice_a_wrong_clock(timed_corpus):
    video = moving_bar(USC_RATE, 30)
    assert abs(timing_errors(retime(shrink(video, 64), USC_RATE))).max() < 0.004
    assert abs(timing_errors(retime(shrink(video, 64), 83.33))).max() > 0.015
    assert abs(timing_errors(retime(shrink(video, 64), USC_RATE, offset=0.02))).max() > 0.015
    nearest = retime(shrink(moving_bar(Fraction(1159, 50), 30), 64), 23.18, interpolation="nearest")
    assert abs(timing_errors(nearest)).max() > 0.015


@pytest.mark.parametrize("audio_offset", [0.0, 0.14, -0.14])
def test_trim_and_offset_move_picture_and_sound(timed_corpus, audio_offset):
    path = str(timed_corpus / "fast.mp4")
    config = FramesConfig(onset_trim=1.5, audio_offset=audio_offset)
    made = prepare_recording({"video": path, "audio": path}, config)
    frames = made["frames"]
    assert len(made["audio"]) == 320 * len(frames)
    # 30 s of sound, 2498 frames or 29.996 s of picture.
    assert len(frames) == int((30 - 1.5 - max(audio_offset, 0.004)) * 50 + 1e-6)
    # At 1.5 s the bar passes the middle; the sound of that moment comes ``audio_offset`` later.
    assert abs(seen_place(frames[49:51]).mean()) < 0.5
    assert abs(seen_sound(made["audio"], 1 - audio_offset) - (1 - audio_offset)) < 0.002


def test_sound_that_would_start_before_its_first_sample_starts_both_later(timed_corpus):
    path = str(timed_corpus / "fast.mp4")
    config = FramesConfig(audio_offset=-0.3)
    made = prepare_recording({"video": path, "audio": path}, config)
    # Picture from 0.3 s on, sound from 0 s on.
    assert abs(seen_place(made["frames"][9:11]).mean()) < 0.5
    assert abs(seen_sound(made["audio"], 0.5) - 0.5) < 0.002


def test_the_shorter_of_picture_and_sound_decides(tmp_path):
    video = RNG.integers(0, 256, (100, 16, 16), dtype=np.uint8)
    write_video(tmp_path / "a.mp4", video, 50)
    write_wav(tmp_path / "short.wav", 0.1 * RNG.standard_normal(20_010), 20_000)
    row = {"video": str(tmp_path / "a.mp4"), "audio": str(tmp_path / "short.wav")}
    made = prepare_recording(row, FramesConfig(size=16))
    assert len(made["frames"]) == 50
    assert len(made["audio"]) == 16_000
    with pytest.raises(UserError, match=r"nothing is left after recordings.onset_trim \(1.5 s\)"):
        prepare_recording(row, FramesConfig(onset_trim=1.5))


def test_recon_is_read_as_magnitude_the_right_way_up(tmp_path):
    """MATLAB's picture (row, column, time) lies transposed in the file."""
    picture = np.zeros((32, 32), complex)
    picture[3, 12] = -5j
    picture[10, 2] = 2.5
    stack = picture[:, :, None] * np.linspace(0.5, 1, 84)
    with h5py.File(tmp_path / "a_recon.h5", "w") as file:
        file["recon"] = stack.transpose(2, 1, 0)
    write_wav(tmp_path / "a.wav", 0.1 * RNG.standard_normal(22_050), 22_050)
    row = {"video": str(tmp_path / "a_recon.h5"), "audio": str(tmp_path / "a.wav")}
    made = prepare_recording(row, FramesConfig(size=32, percentiles=(0, 100)))
    last = made["frames"][-1]
    assert len(made["frames"]) == 50
    assert last[3, 12] > 250
    assert abs(last[10, 2] - 127) < 3
    assert (last > 0).sum() == 2
    # What a public loader does by rotation and flip.
    np.testing.assert_array_equal(np.fliplr(np.rot90(picture.T, k=3)), picture)


def test_recon_and_mp4_of_the_same_pictures_agree(tmp_path):
    """An asymmetric picture that moves, as the scanner's mp4 and as T x 84 x 84 float64."""
    rows, columns = np.mgrid[:84, :84]
    steps = np.linspace(20, 60, 120)[:, None, None]
    blob = np.exp(-(((rows - 20) / 6) ** 2) - ((columns - steps) / 10) ** 2)
    wedge = (rows > 50) & (columns < rows - 40)
    pictures = 30 + 150 * blob + 60 * wedge
    write_video(tmp_path / "a.mp4", pictures.astype(np.uint8), USC_RATE)
    with h5py.File(tmp_path / "a_recon.h5", "w") as file:
        file["recon"] = 1e-3 * pictures.swapaxes(1, 2)
        assert file["recon"].dtype == np.float64
    write_wav(tmp_path / "a.wav", 0.1 * RNG.standard_normal(30_000), 20_000)
    video, recon = (
        prepare_recording(
            {"video": str(tmp_path / name), "audio": str(tmp_path / "a.wav")}, FramesConfig()
        )["frames"].astype(float)
        for name in ("a.mp4", "a_recon.h5")
    )
    assert video.shape == recon.shape
    assert abs(video - recon).mean() < 2
    for turned in (recon.swapaxes(1, 2), recon[:, ::-1], recon[:, :, ::-1]):
        assert abs(video - turned).mean() > 20


def test_the_scanners_onset_is_trimmed_from_both(tmp_path):
    """Energy falls from 2.17 to 1 within 1.5 s, as on USC data; grey levels must not follow it."""
    count = round(4 * USC_RATE)
    centres = (np.arange(count) + 0.5) / float(USC_RATE)
    gain = np.sqrt(1 + 1.17 * np.clip(1 - centres / 1.5, 0, None))
    picture = np.linspace(0, 110, 84)[None, None, :] * np.ones((1, 84, 1))
    sound = 0.1 * RNG.standard_normal(80_000) * np.repeat([0.01, 1], [30_000, 50_000])
    for name, level in (("onset", gain), ("steady", np.ones(count))):
        video = (picture * level[:, None, None]).astype(np.uint8)
        write_video(tmp_path / f"{name}.mp4", video, USC_RATE, sound, 20_000)

    def made(name, trim):
        path = str(tmp_path / f"{name}.mp4")
        return prepare_recording({"video": path, "audio": path}, FramesConfig(onset_trim=trim))

    untrimmed, trimmed, steady = made("onset", 0), made("onset", 1.5), made("steady", 1.5)
    assert untrimmed["high"] > steady["high"] + 15
    assert abs(trimmed["high"] - steady["high"]) < 1
    assert abs(trimmed["frames"].astype(float) - steady["frames"]).mean() < 2
    assert len(trimmed["frames"]) == len(untrimmed["frames"]) - 75 == 124
    # The loud part starts at 1.5 s: all of the trimmed sound is loud, from its first frame on.
    levels = np.sqrt(np.square(trimmed["audio"].reshape(-1, 320)).mean(axis=1))
    assert levels.min() > 0.05


def test_one_bad_recording_does_not_stop_a_shard(tmp_path):
    video = RNG.integers(0, 256, (60, 16, 16), dtype=np.uint8)
    sound = (0.1 * RNG.standard_normal(52_920)).astype(np.float32)
    write_video(tmp_path / "s1/good.mp4", video, 50, sound, 44_100)
    write_video(tmp_path / "s1/fine.mp4", video[::-1], 50, sound, 44_100)
    write_video(tmp_path / "s1/flat.mp4", np.full_like(video, 90), 50, sound, 44_100)
    write_video(tmp_path / "s1/lost.mp4", 255 - video, 50, sound, 44_100)
    rows = index_corpus("folder", tmp_path)
    assert (rows["status"] == "ok").all()
    (tmp_path / "s1/lost.mp4").unlink()
    (tmp_path / "s1/fine.mp4").write_bytes((tmp_path / "s1/fine.mp4").read_bytes()[:9000])
    prepare_shard(rows, tmp_path / "00.h5", FramesConfig(size=16))
    shards = Shards([tmp_path / "00.h5"])
    assert shards.recordings == ["s1_good"]
    assert shards.length("s1_good") == 60
    attributes = shards.attributes("s1_good")
    assert (attributes["subject"], attributes["stimulus"]) == ("s1", "good")
    assert attributes["low"] < attributes["high"]
    assert attributes["source_rate"] == attributes["rate"] == 50
    failed = json.loads((tmp_path / "00.json").read_text())["failed"]
    assert failed.keys() == {"s1_fine", "s1_flat", "s1_lost"}
    assert "flat.mp4: the picture never changes" in failed["s1_flat"]
    assert "missing: lost.mp4: there is no such file" in failed["s1_lost"]
    assert failed["s1_fine"].startswith("truncated: fine.mp4: ")


@pytest.mark.parametrize("offset", [0.0, "estimate", -0.3, 0.3])
def test_pictures_without_sound_are_prepared_whole(tmp_path, offset):
    video = RNG.integers(0, 256, (130, 16, 16), dtype=np.uint8)
    sound = (1e-6 * RNG.standard_normal(44_100 * 5)).astype(np.float32)
    write_video(tmp_path / "s1/none.mp4", video, 50)
    write_video(tmp_path / "s1/quiet.mp4", video[::-1], 50, sound, 44_100)
    config = FramesConfig(size=16, onset_trim=0.1, audio_offset=offset)
    prepare_shard(index_corpus("folder", tmp_path, use_silent=True), tmp_path / "00.h5", config)
    shards = Shards([tmp_path / "00.h5"])
    assert shards.recordings == ["s1_none", "s1_quiet"]
    for recording in shards.recordings:
        assert shards.length(recording) == len(shards.read(recording, "frames")) == 125
        assert shards.read(recording, "audio").shape == (0,)
        assert first_frame_time(shards, recording) == pytest.approx(0.1)
    assert collect_offsets(shards).empty


def test_the_same_recordings_give_the_same_shard(tmp_path):
    video = RNG.integers(0, 256, (60, 16, 16), dtype=np.uint8)
    sound = (0.1 * RNG.standard_normal(52_920)).astype(np.float32)
    write_video(tmp_path / "s1/b.mp4", video, 50, sound, 44_100)
    write_video(tmp_path / "s1/a.mp4", video[::-1], 50, sound, 44_100)
    rows = index_corpus("folder", tmp_path)
    prepare_shard(rows, tmp_path / "00.h5", FramesConfig(size=16))
    prepare_shard(rows.iloc[::-1], tmp_path / "01.h5", FramesConfig(size=16))
    assert (tmp_path / "00.h5").read_bytes() == (tmp_path / "01.h5").read_bytes()
    empty = pd.DataFrame(columns=rows.columns)
    prepare_shard(empty, tmp_path / "02.h5", FramesConfig(size=16))
    assert Shards([tmp_path / "02.h5"]).recordings == []


@pytest.mark.skipif(not REAL.is_dir(), reason="shared/data/real_rtmri is not beside this checkout")
def test_real_recordings(tmp_path):
    pattern = r"usctimit_mri_(?P<subject>[a-z]+\d+)_(?P<stimulus>.+)"
    rows = index_corpus("folder", REAL, files=FolderBlock(pattern))
    prepare_shard(rows, tmp_path / "00.h5", FramesConfig())
    shards = Shards([tmp_path / "00.h5"])
    assert not shards.failed
    assert shards.recordings == rows["recording"].tolist()
    for row in rows.itertuples():
        frames = shards.read(row.recording, "frames")
        expected = min(row.video_seconds, row.audio_seconds) * 50
        assert frames.shape == (int(expected), 64, 64)
        assert len(shards.read(row.recording, "audio")) == 320 * len(frames)
        # Contrast fills the range: air is dark, fat is bright.
        assert np.percentile(frames, 5) < 30
        assert np.percentile(frames, 99) > 200
        # The picture moves, and smoothly: neighbours are nearer than frames 0.2 s apart.
        video = frames.astype(float)
        step, leap = (np.mean((video[k:] - video[:-k]) ** 2) for k in (1, 10))
        assert 0 < step < leap
