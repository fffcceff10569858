"""A corpus that is not what the configuration says: one sentence, and nothing good is lost."""

import shutil
import zipfile

import numpy as np
import pytest

from s2r.config.data_blocks import FolderBlock
from s2r.core.errors import UserError
from s2r.core.media.encode import write_video
from s2r.corpus.index import index_corpus
from s2r.corpus.summary import summary


def video(root, stem, subject=None, rate=50, seed=0):
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 255, (30, 16, 16), dtype=np.uint8)
    sound = (0.1 * rng.standard_normal(12_000)).astype(np.float32)
    path = root / (subject or stem[:6]) / "2drt" / "video" / f"{stem}_video.mp4"
    write_video(path, pictures, rate, sound, 20_000)
    return path


@pytest.fixture
def root(tmp_path):
    video(tmp_path / "usc", "sub001_2drt_01_vcv1_r1", seed=1)
    video(tmp_path / "usc", "sub002_2drt_01_vcv1_r1", seed=2)
    return tmp_path / "usc"


@pytest.mark.parametrize(
    ("folders", "held"),
    [(["t2w"], "t2w"), (["3d"], "3d"), (["3d", "t2w", "2drt/raw"], "2drt/raw, 3d, t2w")],
)
def test_another_archive_of_the_data_set(tmp_path, folders, held):
    for folder in folders:
        for subject in ("sub001", "sub002"):
            (tmp_path / "other" / subject / folder).mkdir(parents=True)
            (tmp_path / "other" / subject / folder / "a.h5").touch()
    for root in (tmp_path, tmp_path / "other"):
        with pytest.raises(UserError, match=f"the subjects have {held} but no video; this is ano"):
            index_corpus("usc75", root)


def test_an_archive_that_is_not_unpacked(tmp_path):
    path = tmp_path / "dataset_2drt_video_only.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("sub001/a.txt", "a")
    with pytest.raises(
        UserError, match=r"only\.zip: this is a file; unpack it and set corpus.path"
    ):
        index_corpus("usc75", path)
    with pytest.raises(UserError, match=r"only\.zip: this archive is not unpacked"):
        index_corpus("usc75", tmp_path)


def test_a_corpus_that_was_not_unpacked_to_its_end(root):
    sentence = (
        r"2 of the 9 subjects are there \(not sub003, sub004, sub005, sub006, sub007, ...\); "
        r"unpack the corpus completely, or set corpus.expected_subjects to 2, or to null"
    )
    with pytest.raises(UserError, match=sentence):
        index_corpus("usc75", root, expected_subjects=9)
    assert len(index_corpus("usc75", root, expected_subjects=2)) == 2
    # An empty folder is a subject without recordings, not one that was not unpacked.
    (root / "sub003").mkdir()
    table = index_corpus("usc75", root, expected_subjects=3)
    assert (table["status"] == "ok").sum() == 2
    shutil.move(root / "sub002", root / "anna")
    with pytest.raises(UserError, match="2 of the 3 subjects are there \\(not sub002\\); unpack"):
        index_corpus("usc75", root, expected_subjects=3)


def test_fewer_subjects_in_a_plain_folder(root):
    files = FolderBlock("sub(?P<subject>...).*/(?P<stimulus>[^/]+)")
    with pytest.raises(UserError, match="2 of the 3 subjects are there; unpack the corpus"):
        index_corpus("folder", root, files=files, expected_subjects=3)


@pytest.mark.parametrize("name", ["Subject1", "sub1", "sub0001", "SUB003"])
def test_a_subject_folder_with_another_name(root, name):
    lost = video(root, "sub003_2drt_01_vcv1_r1", name, seed=3)
    table = index_corpus("usc75", root).set_index("recording")
    assert (table["status"] == "ok").sum() == 2
    row = table.loc[f"{name}_sub003_2drt_01_vcv1_r1_video"]
    assert row["reason"].startswith(
        f"unreadable name: the folder {root / name} is not named sub an"
    )
    assert row["video"] == str(lost)


def test_mixed_frame_rates_are_accepted_and_listed(root):
    video(root, "sub002_2drt_02_vcv2_r1", rate=25, seed=3)
    table = index_corpus("usc75", root)
    assert (table["status"] == "ok").all()
    assert "frame rates differ (1 x 25 Hz, 2 x 50 Hz); all are resampled" in summary(table)
    assert "frame rates" not in summary(table[table["frame_rate"] == 50])


def test_one_id_in_two_places(root):
    shutil.copytree(root / "sub001", root / "again" / "sub001")
    table = index_corpus("usc75", root).set_index("recording")
    row = table.loc["sub001_2drt_01_vcv1_r1_duplicate2"]
    assert (table["status"] == "ok").sum() == 2
    assert row["reason"].startswith(f"duplicate: {root / 'again'}")
    assert "has the same id as" in row["reason"]


def test_one_content_under_two_names(root):
    first = root / "sub001/2drt/video/sub001_2drt_01_vcv1_r1_video.mp4"
    copy = root / "sub002/2drt/video/sub002_2drt_02_vcv2_r1_video.mp4"
    shutil.copy(first, copy)
    near = root / "sub002/2drt/video/sub002_2drt_03_vcv3_r1_video.mp4"
    content = bytearray(first.read_bytes())
    content[-1] ^= 1
    near.write_bytes(content)
    for stem in ("sub002_2drt_04_bvt_r1", "sub002_2drt_05_shibboleth_r1"):
        (root / f"sub002/2drt/video/{stem}_video.mp4").touch()
    (root / "sub002/2drt/video/sub002_2drt_06_rainbow_r1_video.mp4").symlink_to(root / "gone.mp4")
    table = index_corpus("usc75", root).set_index("recording")
    assert table.loc["sub002_2drt_06_rainbow_r1", "reason"].startswith("missing: ")
    assert table.loc["sub001_2drt_01_vcv1_r1", "status"] == "ok"
    assert table.loc["sub002_2drt_02_vcv2_r1", "reason"] == (
        f"duplicate: {copy} has the same content as {first}, which is kept"
    )
    # Same size and almost the same bytes are no copy, and empty files are empty.
    assert "duplicate" not in table.loc["sub002_2drt_03_vcv3_r1", "reason"]
    assert table.loc["sub002_2drt_04_bvt_r1", "reason"].startswith("zero frames")
    assert table.loc["sub002_2drt_05_shibboleth_r1", "reason"].startswith("zero frames")
