"""The delay of the sound against the picture is found, or said to be unsure."""

import numpy as np
import pytest

from helpers.repository import RECORDINGS
from s2r.core.media.encode import write_video
from s2r.core.media.resample import resample
from s2r.core.shards import Shards, write_shard
from s2r.core.units import SAMPLE_RATE
from s2r.corpus.phantom.acoustics import SAMPLE_RATE as PHANTOM_RATE
from s2r.corpus.phantom.writer import FRAME_PERIOD, record
from s2r.preparation.frames import FramesConfig, prepare_recording
from s2r.preparation.offsets import SURE, collect_offsets, describe_offsets, estimate_offset
from s2r.preparation.pictures import intensity_range, retime, scale_levels, shrink


@pytest.fixture(scope="module")
def takes():
    return [record(k, stimulus, 3, "tiny", 1) for k, stimulus in ((1, "vcv1"), (2, "bvt"))]


def prepared(take):
    frames = retime(shrink(take.frames, 64), 1 / FRAME_PERIOD)
    audio = resample(take.wave, PHANTOM_RATE, SAMPLE_RATE)
    count = min(len(frames), len(audio) // 320)
    return scale_levels(frames[:count], *intensity_range(frames, (0.5, 99.5))), audio[: 320 * count]


@pytest.mark.parametrize("delay", [0.0, 0.1, -0.2, 0.33])
def test_a_known_delay_is_found(takes, delay):
    for take in takes:
        frames, audio = prepared(take)
        late = np.roll(audio, round(delay * SAMPLE_RATE))
        found, confidence = estimate_offset(frames, late)
        assert abs(found - delay) < 0.02
        assert confidence > SURE


def test_the_sound_of_another_recording_is_not_sure(takes):
    (frames, audio), (other_frames, other) = map(prepared, takes)
    count = min(len(frames), len(other_frames))
    found, confidence = estimate_offset(frames[:count], other[: 320 * count])
    assert np.isnan(found)
    assert confidence < SURE
    # Beyond its reach it does not make something up either.
    assert np.isnan(estimate_offset(frames, np.roll(audio, SAMPLE_RATE))[0])


def test_what_cannot_be_estimated_is_nan(takes):
    frames, audio = prepared(takes[0])
    cases = [
        (frames[:90], audio[: 90 * 320]),
        (frames, np.zeros_like(audio)),
        (np.full_like(frames, 7), audio),
    ]
    for case in cases:
        assert np.isnan(estimate_offset(*case)[0])


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="shared/data is not beside this checkout")
def test_real_recordings_are_right_or_not_sure():
    """One film of syllables leads to 137 ms, though picture and sound are in step."""
    for name, expected in (
        ("rainbow/rainbow.mp4", 0.0035),
        ("usc75/sub001/2drt/video/sub001_2drt_01_vcv1_r1_video.mp4", np.nan),
    ):
        path = str(RECORDINGS / name)
        found = prepare_recording({"video": path, "audio": path}, FramesConfig())
        assert found["offset_estimate"] == pytest.approx(expected, abs=0.01, nan_ok=True)


def test_it_is_corrected_only_when_asked_for(takes, tmp_path):
    take = takes[0]
    late = np.roll(take.wave, round(0.2 * PHANTOM_RATE))
    for name, wave in (("late", late), ("in_step", take.wave)):
        write_video(tmp_path / f"{name}.mp4", take.frames, 1 / FRAME_PERIOD, wave, PHANTOM_RATE)

    def made(name, audio_offset):
        path = str(tmp_path / f"{name}.mp4")
        config = FramesConfig(audio_offset=audio_offset)
        return prepare_recording({"video": path, "audio": path}, config)

    reported, corrected, fixed = (made("late", how) for how in (0.0, "estimate", 0.2))
    assert reported["moved"] == 0
    assert abs(reported["offset_estimate"] - 0.2) < 0.02
    assert corrected["moved"] == corrected["offset_estimate"] == reported["offset_estimate"]
    assert abs(estimate_offset(corrected["frames"], corrected["audio"])[0]) < 0.02
    # A fixed delay is part of what is reported, so the column always speaks of the file.
    assert fixed["moved"] == 0.2
    assert abs(fixed["offset_estimate"] - 0.2) < 0.02
    untouched, plain = made("in_step", "estimate"), made("in_step", 0.0)
    assert untouched["moved"] == 0
    np.testing.assert_array_equal(untouched["audio"], plain["audio"])


def test_the_table_and_its_line(tmp_path):
    found = [("a", 0.1, 9.0, 0.1), ("b", np.nan, 1.0, 0.0), ("c", 0.0, 8.0, 0.0)]
    items = [
        (
            name,
            {"frames": np.zeros((3, 4, 4), np.uint8)},
            {"subject": "s1", "offset_estimate": offset, "confidence": sure, "moved": moved},
        )
        for name, offset, sure, moved in found
    ]
    write_shard(tmp_path / "00.h5", items, {})
    table = collect_offsets(Shards([tmp_path / "00.h5"]))
    assert table["recording"].tolist() == ["a", "b", "c"]
    assert table["offset_estimate"].isna().tolist() == [False, True, False]
    assert describe_offsets(table) == (
        "delay of the sound: sure in 2 of 3 recordings; median 50 ms, 5 to 95 % 5 to 95 ms; "
        "sound moved in 1"
    )
    write_shard(tmp_path / "01.h5", [], {})
    nothing = collect_offsets(Shards([tmp_path / "01.h5"]))
    assert describe_offsets(nothing) == "delay of the sound: sure in none of 0 recordings"
