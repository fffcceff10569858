"""What docs/own-corpus.md says of the program, where no other test looks at it."""

import re
from itertools import pairwise

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from helpers.repository import ROOT
from helpers.tiny_corpus import SIZE, write_tiny_corpus
from helpers.tiny_model import heads, write_tiny_model
from s2r.config.data_blocks import ContoursBlock, FolderBlock, FramesBlock, VolumesBlock
from s2r.config.tree import leaves
from s2r.core.errors import UserError
from s2r.core.media import decode
from s2r.core.media.encode import write_video, write_wav
from s2r.core.media.open import MediaError
from s2r.core.shards import Shards, write_shard
from s2r.corpus.articulators import ARTICULATORS
from s2r.corpus.films import read_film
from s2r.corpus.folder import STYLES
from s2r.corpus.index import index_corpus
from s2r.corpus.names import LONGEST
from s2r.corpus.textgrid import PHONE_TIERS, WORD_TIERS
from s2r.corpus.volume_files import LEAST_SIDE, NAMES
from s2r.evaluation import contour_fit
from s2r.evaluation.contour_fit import MOST_GROUPS, write_left_out
from s2r.evaluation.phones.times import write_phone_times
from s2r.generation.baselines import generate_baseline
from s2r.generation.generated_file import read_generated
from s2r.generation.model_folder import load_model_folder
from s2r.generation.speaker import reference_frame
from s2r.preparation.contours import FEWEST, prepare_contours
from s2r.preparation.film import cut_film
from s2r.preparation.frames import FramesConfig, prepare_shard
from s2r.preparation.recordings import RecordingSet, open_recordings

PAGE = ROOT / "docs" / "own-corpus.md"
RNG = np.random.default_rng(0)


def code(*names: str) -> str:
    return ", ".join(f"`{name}`" for name in names)


def words(suffixes) -> str:
    *most, last = (suffix.removeprefix(".") for suffix in suffixes)
    return f"{', '.join(most)} or {last}"


SUFFIXES = FolderBlock().suffixes
STATED = [
    f"any frame rate, {words(SUFFIXES)}",
    f"(two axes of the picture of {LEAST_SIDE} pixels or more)",
    f"one that is named {code(*NAMES[:-1])} or `{NAMES[-1]}`",
    f"in blocks of at most {decode.BLOCK} frames",
    f"`style` (`{STYLES[0]}` or `{STYLES[1]}`) are optional",
    f"longer than {LONGEST} bytes, a digest is added",
    f"of any articulators: {code(*ARTICULATORS)}.",
    f"less than {FEWEST} traced frames of an articulator in training recordings",
    f"a tier `{PHONE_TIERS[0]}` (or {code(*PHONE_TIERS[1:])})",
    f"With a tier `{WORD_TIERS[0]}`",
    f"converted to {FramesBlock().size} x {FramesBlock().size} pixels and {FramesBlock().rate}",
]


@pytest.mark.parametrize("statement", STATED)
def test_it_states_the_names_and_numbers_of_the_program(statement):
    assert statement in " ".join(PAGE.read_text().split())


def test_settings_that_it_names_exist():
    known = {dotted.replace(".<name>", "") for dotted, _ in leaves()}
    blocks = {dotted.partition(".")[0] for dotted in known}
    named = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)[`:]", PAGE.read_text()))
    named = {
        key for key in named if key.split(".")[0] in blocks and key.split(".")[-1] not in {"csv"}
    }
    assert {"corpus.folder.suffixes", "corpus.silent", "words.transcripts"} <= named
    assert named <= known


def test_results_that_it_names_are_outputs_or_logs_of_rules():
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    named = re.findall(r"`results/mine/([^`]+\.\w+)`", PAGE.read_text())
    assert {"instruments/left_out.csv", "phone_times.csv", "logs/phone_times.log"} <= set(named)
    for name in named:
        written = name.replace("runs/*", "runs/{run}").replace("logs/", "<logs>/")
        assert f'"{written}"' in rules or f'"<results>/{written}"' in rules, name


def test_every_reason_of_a_defect_is_listed():
    source = "\n".join(path.read_text() for path in (ROOT / "src" / "s2r").rglob("*.py"))
    made = set(re.findall(r'MediaError\(\s*"([a-z ]+)"', source))
    parts = "\n".join(
        path.read_text()
        for part in ("corpus", "preparation")
        for path in (ROOT / "src" / "s2r" / part).rglob("*.py")
    )
    made |= set(
        re.findall(r'(?:problem"?|return|or|=)[ =:(]*\n?\s*f"([a-z]+(?: [a-z]+)?): ', parts)
    )
    (listed,) = re.findall(r"a sentence in `reason` \((.*?)\)", PAGE.read_text(), re.S)
    # A recording may be "excluded", which is no defect; "split: ..." is an error of the split.
    assert made - {"excluded", "split"} == set(" ".join(listed.split()).split(", "))


FRAMES = RNG.integers(0, 4000, (40, 12, 16)).astype(np.uint16)
"""(T, H, W)."""


def test_what_matlab_wrote_with_h5write_is_read_with_axes_twh(tmp_path):
    """MATLAB stores columns first, so what is (H, W, T) there is (T, W, H) in the file."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["film"] = FRAMES.transpose(0, 2, 1)
        file["fps"] = 50
    exchanged, _ = read_film(tmp_path / "a.h5")
    np.testing.assert_array_equal(exchanged, FRAMES.transpose(0, 2, 1))
    frames, _ = read_film(tmp_path / "a.h5", volumes=VolumesBlock(axes="twh"))
    np.testing.assert_array_equal(frames, FRAMES)


def test_of_several_arrays_the_first_in_the_list_of_names_is_read(tmp_path):
    for wanted, other in pairwise(NAMES):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file[wanted], file[other], file["fps"] = FRAMES, FRAMES + 1, 50
        np.testing.assert_array_equal(read_film(tmp_path / "a.h5")[0], FRAMES, err_msg=wanted)


def test_an_array_is_read_in_blocks_of_no_more_frames_than_it_says(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["film"], file["fps"] = np.tile(FRAMES, (8, 1, 1)), 50
    lengths = []
    read_film(tmp_path / "a.h5", lambda block: lengths.append(len(block)) or block)
    assert lengths == [decode.BLOCK, decode.BLOCK, 320 - 2 * decode.BLOCK]


@pytest.fixture
def head_arrays(tmp_path):
    """Arrays of frames of a head: a MATLAB and an HDF5 file, and one that says no rate."""
    still = np.repeat(heads()["sub001"][None].astype(float), 80, 0) + RNG.normal(0, 1, (80, 16, 16))
    savemat(tmp_path / "a.mat", {"film": still.transpose(1, 2, 0), "fps": 50.0})
    for name, attributes in (("a", {"frame_rate": 50}), ("silent_about_rate", {})):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["film"] = still
            file.attrs.update(attributes)
    return tmp_path


def test_adapt_and_generate_read_arrays_that_say_their_rate(head_arrays, tmp_path):
    model = load_model_folder(write_tiny_model(tmp_path / "model" / "tiny"))
    for name in ("a.mat", "a.h5"):
        found = reference_frame(model, None, [head_arrays / name], False)
        assert np.corrcoef(found.ravel(), heads()["sub001"].ravel())[0, 1] > 0.98
        cut = cut_film(head_arrays / name, FramesConfig(size=16), 0.25)
        assert (len(cut.learned.frames), len(cut.held_out.frames)) == (60, 20)
    without = head_arrays / "silent_about_rate.h5"
    with pytest.raises(MediaError, match="how many frames it has per second"):
        cut_film(without, FramesConfig(size=16), 0.25)
    with pytest.raises(UserError, match="how many frames it has per second"):
        reference_frame(model, None, [without], False)


def test_the_row_of_other_real_video_may_show_recordings_without_sound(tmp_path):
    corpus = write_tiny_corpus(tmp_path)
    split = corpus.split.copy()
    split.loc[split["recording"].isin(["s1_a", "s1_b", "s1_c"]), "set"] = "silent"
    path = tmp_path / "a.h5"
    generate_baseline("real_other", "unseen_speech", split, corpus.frames, path, clips=2, first=2)
    with read_generated(path) as content:
        shown = content.rollout("s1_d").draws[0]
    assert np.array_equal(shown, corpus.video("s1_a"))


def test_contours_of_recordings_with_different_fields_of_view_are_refused(tmp_path):
    for name, side in (("one", 24), ("two", 32)):
        pictures = RNG.integers(0, 255, (60, side, side), dtype=np.uint8)
        sound = (0.1 * RNG.standard_normal(16_000)).astype(np.float32)
        write_video(tmp_path / "films" / "anna" / f"{name}.mp4", pictures, 60, sound, 16_000)
    table = index_corpus("folder", tmp_path / "films", workers=1)
    prepare_shard(table, tmp_path / "00.h5", FramesConfig(size=16))
    split = table[["recording", "subject"]].assign(set="train")
    recordings = RecordingSet(Shards([tmp_path / "00.h5"]), split, table.set_index("recording"))
    rows = [
        (f"anna_{name}", frame, "tongue", x, 9)
        for name in ("one", "two")
        for frame in range(60)
        for x in (4, 9)
    ]
    columns = ["recording", "frame", "articulator", "x", "y"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "contours.csv", index=False)
    block = ContoursBlock(path=str(tmp_path / "contours.csv"), pixel_mm=2.0)
    with pytest.raises(UserError, match="contours of recordings with one field of view"):
        prepare_contours(recordings, block, tmp_path / "contours.hdf")


class ManySpeakers:
    """Twelve speakers with one traced frame each."""

    field_mm = 64.0

    def members(self, set_name):
        return [f"speaker{number:02d}" for number in range(12)]

    def about(self, name):
        return {"subject": name}

    def video(self, name):
        return np.zeros((1, SIZE, SIZE), np.uint8)

    def true_contours(self, name):
        return {"tongue": np.zeros((1, 12, 2))}


def test_with_more_than_ten_speakers_groups_of_them_are_left_out(tmp_path, monkeypatch):
    assert "with more than ten speakers, groups of them" in " ".join(PAGE.read_text().split())
    left_out = []

    class Probe:
        def __init__(self, traced, *_):
            left_out.append(12 - len(set(traced.subjects)))

    monkeypatch.setattr(contour_fit, "fit_probe", Probe)
    monkeypatch.setattr(contour_fit, "reading_errors", lambda probe, traced: {})
    write_left_out(ManySpeakers(), tmp_path / "left_out.csv")
    assert len(left_out) == MOST_GROUPS == 10
    assert sum(left_out) == 12 and max(left_out) == 2


TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"
0 2 <exists> 1
"IntervalTier" "phones" 0 2 2
0 0.5 "sil"
0.5 2 "AE1"
"""


@pytest.mark.parametrize("film", ["a.mp4", "a.mat"])
def test_a_textgrid_beside_a_film_counts_before_the_text(tmp_path, film, capsys):
    """Where the text were aligned, the missing or the real aligner would be asked."""
    frames = [("a", {"frames": np.zeros((100, 16, 16), np.uint8)}, {"moved": 0.0})]
    write_shard(tmp_path / "0.h5", frames, {"first_frame_time": 0.0, "rate": 50})
    write_wav(tmp_path / "a.wav", 0.1 * RNG.standard_normal(32_000), 16_000)
    row = {"recording": "a", "subject": "s", "stimulus": "bvt", "truth": ""}
    row |= {"video": str(tmp_path / film), "audio": str(tmp_path / "a.wav"), "set": "train"}
    for name in ("recordings", "split"):
        pd.DataFrame([row]).to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "a.TextGrid").write_text(TEXTGRID)
    tables = {name: tmp_path / f"{name}.csv" for name in ("recordings", "split")}
    recordings = open_recordings({"frames": [tmp_path / "0.h5"], **tables})
    path = tmp_path / "phone_times.csv"
    write_phone_times(recordings, sets=["train"], transcripts={"bvt": "bat"}, path=path)
    assert set(pd.read_csv(path)["source"]) == {"textgrid"}
    assert "nothing is aligned" not in capsys.readouterr().out
    assert "`source` is `textgrid` or `aligned`" in " ".join(PAGE.read_text().split())
