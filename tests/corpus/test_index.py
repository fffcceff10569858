"""The index of a corpus: good recordings are found, every defect is listed with its sentence."""

import wave
import zlib
from fractions import Fraction

import av
import h5py
import numpy as np
import pytest

from helpers.repository import RECORDINGS
from s2r.config.data_blocks import FolderBlock, Limits
from s2r.core.errors import UserError
from s2r.core.media.encode import write_video, write_wav
from s2r.corpus.index import DTYPES, index_corpus, read_recordings, shard_of, write_recordings
from s2r.corpus.summary import summary

REAL = RECORDINGS / "real_rtmri"
RATE = 20_000


def noise(seconds, level=0.1):
    samples = np.random.default_rng(0).standard_normal(round(seconds * RATE))
    return (level * samples).astype(np.float32)


def pictures(count, name):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return rng.integers(0, 255, (count, 16, 16), dtype=np.uint8)


def video(path, frames=50, sound_seconds=None, level=0.1, rate=50):
    sound = noise(sound_seconds, level) if sound_seconds else None
    write_video(path, pictures(frames, path.name), rate, sound, RATE)


def usc(root, stem):
    return root / stem[:6] / "2drt" / "video" / f"{stem}_video.mp4"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Three good recordings, one for each source of picture and sound, among all defects."""
    root = tmp_path_factory.mktemp("usc")
    video(usc(root, "sub001_2drt_01_vcv1_r1"), sound_seconds=1)
    video(usc(root, "sub001_2drt_17_topic1"))
    write_wav(root / "sub001/2drt/audio/sub001_2drt_17_topic1_audio.wav", noise(1.2), RATE)
    recon = root / "sub002/2drt/recon/sub002_2drt_06_rainbow_r2_recon.h5"
    recon.parent.mkdir(parents=True)
    with h5py.File(recon, "w") as file:
        file["recon"] = np.random.default_rng(0).random((84, 20, 24))
    write_wav(root / "sub002/2drt/audio/sub002_2drt_06_rainbow_r2_audio.wav", noise(1), RATE)
    truth = root / "sub001/2drt/truth/sub001_2drt_01_vcv1_r1_truth.h5"
    truth.parent.mkdir()
    truth.touch()

    video(usc(root, "sub003_2drt_01_vcv1_r1"))
    video(usc(root, "sub003_2drt_02_vcv2_r1"), sound_seconds=1, level=1e-5)
    video(usc(root, "sub003_2drt_03_vcv3_r1"), sound_seconds=2.5)
    video(usc(root, "sub003_2drt_04_bvt_r1"), frames=3, sound_seconds=0.1)
    video(usc(root, "sub003_2drt_05_shibboleth_r1"), sound_seconds=1)
    whole = usc(root, "sub003_2drt_05_shibboleth_r1")
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    usc(root, "sub003_2drt_06_rainbow_r1").touch()
    usc(root, "sub003_2drt_07_grandfather1_r1").write_text("this is no video")
    video(root / "sub003/2drt/video/rainbow final.mp4", sound_seconds=1)
    video(root / "sub003/2drt/video/sub001_2drt_09_northwind1_r1_video.mp4", sound_seconds=1)
    (root / "sub003/2drt/audio").mkdir()
    write_wav(root / "sub003/2drt/audio/sub003_2drt_10_northwind2_r1_audio.wav", noise(1), RATE)
    with av.open(str(usc(root, "sub003_2drt_12_picture1")), "w") as container:
        sound = container.add_stream("aac", rate=44_100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44_100), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 44_100, 0, Fraction(1, 44_100)
        container.mux(sound.encode(frame))
        container.mux(sound.encode())
    broken = root / "sub003/2drt/recon/sub003_2drt_11_postures_r1_recon.h5"
    broken.parent.mkdir()
    broken.write_bytes(recon.read_bytes()[:5000])
    video(usc(root, "sub003_2drt_13_picture2"))
    (root / "sub003/2drt/audio/sub003_2drt_13_picture2_audio.wav").touch()
    video(usc(root / "copy", "sub001_2drt_01_vcv1_r1"), sound_seconds=1)
    (root / "sub004/2drt/video").mkdir(parents=True)
    (root / "sub001/2drt/video/._sub001_2drt_01_vcv1_r1_video.mp4").touch()
    return root


@pytest.fixture(scope="module")
def table(corpus):
    return index_corpus("usc75", corpus, shards=4)


DEFECTS = {
    "sub003_2drt_01_vcv1_r1": "no audio: sub003_2drt_01_vcv1_r1_video.mp4 has no sound and there",
    "sub003_2drt_02_vcv2_r1": "silent: the sound of sub003_2drt_02_vcv2_r1_video.mp4 has -",
    "sub003_2drt_03_vcv3_r1": "length mismatch: sub003_2drt_03_vcv3_r1_video.mp4 has 1.00 s of "
    "video and 2.50 s of sound; up to 1 s may differ",
    "sub003_2drt_04_bvt_r1": "too short: sub003_2drt_04_bvt_r1_video.mp4 (3 frames) fills 3 frames",
    "sub003_2drt_05_shibboleth_r1": "truncated: sub003_2drt_05_shibboleth_r1_video.mp4: it begins",
    "sub003_2drt_06_rainbow_r1": "zero frames: sub003_2drt_06_rainbow_r1_video.mp4: the file is "
    "empty (0 bytes)",
    "sub003_2drt_07_grandfather1_r1": "unreadable: sub003_2drt_07_grandfather1_r1_video.mp4: not a",
    "rainbow_final": "unreadable name: rainbow final.mp4 is not subNNN_2drt_II_stimulus[_rK]_video",
    "sub001_2drt_09_northwind1_r1": "unreadable name: sub001_2drt_09_northwind1_r1 lies in the "
    "folder of sub003",
    "sub003_2drt_10_northwind2_r1": "missing: sub003_2drt_10_northwind2_r1_audio.wav has no video",
    "sub003_2drt_11_postures_r1": "truncated: sub003_2drt_11_postures_r1_recon.h5: not a whole",
    "sub003_2drt_12_picture1": "zero frames: sub003_2drt_12_picture1_video.mp4: the file has no "
    "video stream",
    "sub003_2drt_13_picture2": "no audio: sub003_2drt_13_picture2_audio.wav: the file is empty",
    "sub001_2drt_01_vcv1_r1_duplicate2": "duplicate: ",
    "sub004": "missing: the folder ",
}


@pytest.mark.parametrize("recording", DEFECTS)
def test_every_defect_has_its_sentence(table, recording):
    row = table.set_index("recording").loc[recording]
    assert row["reason"].startswith(DEFECTS[recording])
    assert row["status"] == "defect"


def test_good_neighbours_are_indexed(corpus, table):
    good = table[table["status"] == "ok"].set_index("recording")
    assert set(table.loc[table["status"] != "ok", "recording"]) == set(DEFECTS)
    assert list(good.index) == [
        "sub001_2drt_01_vcv1_r1",
        "sub001_2drt_17_topic1",
        "sub002_2drt_06_rainbow_r2",
    ]
    assert (good["reason"] == "").all()
    assert good["stimulus"].tolist() == ["vcv1", "topic1", "rainbow"]
    assert good["repetition"].tolist() == [1, 0, 2]
    assert good["style"].tolist() == ["scripted", "spontaneous", "scripted"]
    own, beside, recon = (row for _, row in good.iterrows())
    assert own["audio"] == own["video"] == str(usc(corpus, "sub001_2drt_01_vcv1_r1"))
    assert own["truth"].endswith("sub001_2drt_01_vcv1_r1_truth.h5")
    assert (own["frames"], own["width"], own["height"], own["frame_rate"]) == (50, 16, 16, 50)
    assert own["sample_rate"] == 44_100
    assert beside["audio"].endswith("topic1_audio.wav")
    assert (beside["audio_seconds"], beside["sample_rate"]) == (1.2, RATE)
    assert recon["video"].endswith("rainbow_r2_recon.h5")
    assert (recon["frames"], recon["width"], recon["height"]) == (84, 20, 24)
    assert abs(recon["frame_rate"] - 83.2778) < 1e-4


def test_limits_decide(corpus):
    loose = Limits(length_tolerance=2, silence_threshold=-120, minimum_frames=1)
    table = index_corpus("usc75", corpus, limits=loose).set_index("recording")
    for recording in ("02_vcv2_r1", "03_vcv3_r1", "04_bvt_r1"):
        assert table.loc[f"sub003_2drt_{recording}", "status"] == "ok"


WITHOUT_SOUND = ("01_vcv1_r1", "02_vcv2_r1", "13_picture2")
"""Recordings of sub003 without sound: no audio stream, a silent one, an empty wav."""


@pytest.fixture(scope="module")
def with_silent(corpus):
    return index_corpus("usc75", corpus, shards=4, use_silent=True)


def test_recordings_without_sound_can_be_used(table, with_silent):
    names = [f"sub003_2drt_{name}" for name in WITHOUT_SOUND]
    before, after = table.set_index("recording"), with_silent.set_index("recording")
    assert sorted(after.index[after["silent"] != ""]) == names
    for name in names:
        row = after.loc[name]
        assert (row["status"], row["reason"], row["audio"]) == ("ok", "", "")
        assert row["silent"] == before.loc[name, "reason"]
        assert row["frames"] == 50
    assert (before["silent"] == "").all()
    assert after.drop(names).equals(before.drop(names))


def test_offset_and_hum_are_no_sound_and_opposed_channels_are(tmp_path):
    time = np.arange(RATE) / RATE
    hum = 0.3 + 0.2 * np.sin(2 * np.pi * 50 * time)
    for name, sound in (("hum", hum), ("speech", noise(1)), ("both", noise(1) + hum)):
        video(tmp_path / f"s/{name}.mp4")
        write_wav(tmp_path / f"s/{name}.wav", sound, RATE)
    video(tmp_path / "s/opposed.mp4")
    samples = np.rint(noise(1) * 32767).astype("<i2")
    with wave.open(str(tmp_path / "s/opposed.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.stack([samples, -samples], 1).tobytes())
    table = index_corpus("folder", tmp_path).set_index("recording")
    assert table["status"].to_dict() == {
        "s_both": "ok",
        "s_hum": "defect",
        "s_opposed": "ok",
        "s_speech": "ok",
    }
    assert "dB of full scale, without offset and hum, below -60" in table.loc["s_hum", "reason"]


def test_pictures_without_sound_must_be_long_enough(tmp_path):
    video(tmp_path / "s/short.mp4", frames=19)
    video(tmp_path / "s/enough.mp4", frames=20)
    # Sound that is silent need not be as long as the video.
    video(tmp_path / "s/quiet.mp4", sound_seconds=3, level=1e-5)
    table = index_corpus("folder", tmp_path, use_silent=True).set_index("recording")
    assert table.loc["s_short", "reason"].startswith("too short: short.mp4 (19 frames) fills 19")
    assert table.loc["s_short", "status"] == "defect"
    assert table.loc[["s_enough", "s_quiet"], "status"].tolist() == ["ok", "ok"]


def test_a_broken_sound_file_stays_a_defect(tmp_path):
    video(tmp_path / "s/a.mp4")
    (tmp_path / "s/a.wav").write_bytes(b"this is no sound at all")
    (row,) = index_corpus("folder", tmp_path, use_silent=True).to_dict("records")
    assert (row["status"], row["silent"]) == ("defect", "")
    assert row["reason"].startswith("unreadable: a.wav")


def test_the_summary_counts_recordings_without_sound(table, with_silent):
    first, second = summary(with_silent).splitlines()[:2]
    assert first.startswith("18 recordings: 6 ok (3 subjects, 0.1 min), 12 with a defect")
    assert second == "  3 of these have no sound: only the articulation codes use them"
    assert "no sound: only" not in summary(table)


def test_the_index_comes_back_from_csv(table, with_silent, tmp_path):
    for written in (with_silent, table):
        write_recordings(tmp_path / "recordings.csv", written)
        read = read_recordings(tmp_path / "recordings.csv")
        assert read.equals(written)
    assert list(read.columns) == list(DTYPES)
    assert read.set_index("recording").loc["sub004", "video"] == ""


def test_the_summary_counts_reasons(table):
    text = summary(table)
    assert text.splitlines()[0].startswith("18 recordings: 3 ok (2 subjects, 0.1 min), 15 with a")
    assert "  2 x missing, e.g. missing: " in text
    assert "  2 x unreadable name, e.g. " in text


def test_order_and_shards_do_not_depend_on_the_number_of_workers(corpus, table):
    again = index_corpus("usc75", corpus, shards=4, workers=1)
    assert again.equals(table)
    assert set(table["shard"]) <= {"00", "01", "02", "03"}
    # Known values: a change here would put recordings of existing results into other shards.
    assert shard_of("sub001_2drt_01_vcv1_r1", 16) == "02"
    assert shard_of("sub075_2drt_21_topic5", 16) == "01"


def test_a_root_one_level_up_and_the_name_phantom_are_accepted(corpus, table):
    nested = index_corpus("phantom", corpus / "copy")
    assert nested["recording"].tolist() == ["sub001_2drt_01_vcv1_r1"]
    assert "sub001_2drt_01_vcv1_r1_duplicate2" in set(table["recording"])


@pytest.fixture
def plain_folder(tmp_path):
    root = tmp_path / "plain"
    video(root / "007/my story.mp4", sound_seconds=1)
    video(root / "007/deeper/étude_2.mp4")
    write_wav(root / "007/deeper/étude_2.wav", noise(1), RATE)
    video(root / "008/a+b.mp4", sound_seconds=1)
    video(root / "008/a b.mp4", sound_seconds=1)
    video(root / "loose.mp4", sound_seconds=1)
    (root / "008/notes.txt").touch()
    (root / "008/.hidden.mp4").touch()
    return root


def test_plain_folder(plain_folder):
    pattern = r"(?P<subject>\d+)/(?:.*/)?(?P<stimulus>[^/]+?)(?:_(?P<repetition>\d))?"
    files = FolderBlock(pattern)
    table = index_corpus("folder", plain_folder, files=files).set_index("recording")
    assert set(table.index) == {
        "007_my_story",
        "007_deeper_étude_2",
        "008_a_b-a49d58a9",
        "008_a_b-cd35df6a",
        "loose",
    }
    row = table.loc["007_deeper_étude_2"]
    assert (row["subject"], row["stimulus"], row["repetition"]) == ("007", "étude", 2)
    assert (row["style"], row["status"]) == ("scripted", "ok")
    assert row["audio"].endswith("étude_2.wav")
    assert table.loc["007_my_story", "stimulus"] == "my_story"
    assert table.loc["loose", "reason"].startswith("unreadable name: loose does not match corpus.")
    # Different names that become the same text are told apart, and none is a duplicate.
    assert table.loc["008_a_b-a49d58a9", "video"].endswith("a b.mp4")
    assert set(table["status"]) == {"ok", "defect"}
    assert (table["status"] == "ok").sum() == 4
    assert table["stimulus"].nunique() == 5
    files = FolderBlock(pattern, suffixes=(".MP4",))
    only = index_corpus("folder", plain_folder, files=files)
    assert len(only) == 5


@pytest.mark.parametrize(
    ("kind", "files", "sentence"),
    [
        ("folder", FolderBlock("(?P<subject>.*)"), r"corpus.folder.pattern: .* has no group"),
        ("folder", FolderBlock("(?P<subject>"), "corpus.folder.pattern: not a regular expression"),
        ("folder", FolderBlock(suffixes=(".xyz",)), "holds no video; check corpus.path"),
        ("usc75", None, "holds no subject in the USC layout"),
        ("tiff", None, "corpus.kind: 'tiff' is not known"),
    ],
)
def test_a_corpus_that_cannot_be_read_at_all(plain_folder, kind, files, sentence):
    with pytest.raises(UserError, match=sentence):
        index_corpus(kind, plain_folder, files=files)


def test_a_missing_folder(tmp_path):
    with pytest.raises(UserError, match=r"there is no such folder; set corpus.path"):
        index_corpus("usc75", tmp_path / "absent")


@pytest.mark.skipif(not REAL.is_dir(), reason="shared/data/real_rtmri is not beside this checkout")
def test_real_recordings():
    pattern = r"usctimit_mri_(?P<subject>[a-z]+\d+)_(?P<stimulus>.+)"
    table = index_corpus("folder", REAL, files=FolderBlock(pattern))
    assert len(table) == 5
    assert (table["status"] == "ok").all()
    assert set(table["subject"]) == {"m3"}
    assert set(table["width"]) == {204}
    np.testing.assert_allclose(table["frame_rate"], 23.18)
