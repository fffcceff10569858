"""The report: pages that load nothing, figures that show what was made, errors over time."""

import base64
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from s2r.core.errors import UserError
from s2r.core.media.decode import probe
from s2r.core.media.encode import write_video
from s2r.core.shards import write_shard
from s2r.corpus.index import DTYPES, read_recordings, write_recordings
from s2r.evaluation.data import open_evaluation_data
from s2r.generation.generated_file import GeneratedWriter
from s2r.preparation.recordings import open_recordings
from s2r.report import pages
from s2r.report.captions import PHANTOM
from s2r.report.error_course import drift, rollout_errors
from s2r.report.error_plots import write_report_figures
from s2r.report.overview import most_active_stretch, waveform, write_overview

SIZE, LENGTH = 64, 151


def region() -> np.ndarray:
    """The upper half of the frame."""
    return np.arange(SIZE)[:, None] * np.ones((1, SIZE)) < SIZE / 2


@pytest.fixture
def corpus(tmp_path):
    """Two black recordings; the model errs by 51 levels (0.4) below, by 102 in the last second."""
    silent = {"frames": np.zeros((LENGTH, SIZE, SIZE), np.uint8)}
    silent["audio"] = np.zeros(LENGTH * 320, np.float32)
    write_shard(tmp_path / "frames.h5", [(name, silent, {}) for name in ("a1", "a2")], {})
    video = np.zeros((2, LENGTH, SIZE, SIZE), np.uint8)
    video[:, :, SIZE // 2 :] = 51
    video[:, 101:, : SIZE // 2] = 102
    generated = {}
    for system, kind, estimate in (
        ("m", "model", "draw"),
        ("mean-m", "mean", "mean"),
        ("copied_frame", "copied_frame", "draw"),
    ):
        path = tmp_path / f"{system}.h5"
        generated[system, "unseen_speech"] = path
        with GeneratedWriter(path, system=system, kind=kind, estimate=estimate) as writer:
            for name in ("a1", "a2"):
                writer.rollout(name, video if system == "m" else video[:1])
    np.savez(tmp_path / "region.npz", region=region(), cells=np.zeros((1, 2), int))
    files = {"frames": [tmp_path / "frames.h5"], "region": tmp_path / "region.npz"}
    return {
        "data": open_evaluation_data(files),
        "generated": generated,
        "best": "m",
    }


def test_errors_are_found_where_and_when_they_are(corpus):
    found = rollout_errors(corpus["generated"]["m", "unseen_speech"], corpus["data"], region())
    assert found.estimate == "draw"
    assert found.courses["a1"].shape == (LENGTH - 1,)
    assert found.courses["a1"][:100].max() == 0
    assert found.courses["a1"][100:] == pytest.approx(0.64)
    assert found.picture[-1, 0] == pytest.approx(0.16)
    assert found.picture[0, 0] == pytest.approx(0.64 * 50 / 150)


def test_drift_ends_where_too_few_recordings_go_on():
    courses = {"long": np.ones(100), "b": np.full(60, 3.0), "c": np.full(50, 5.0)}
    time, value, low, high, n = drift(courses, resamples=50, seed=0).T
    assert time.tolist() == [0.25, 0.75]
    assert value == pytest.approx([3, 3])
    assert n.tolist() == [3, 3]
    assert (low >= 1).all() and (high <= 5).all()
    assert len(drift({}, 10, 0)) == 0


def test_figures_of_the_report(corpus, tmp_path):
    paths = {f"{name}_path": tmp_path / f"{name}.png" for name in ("overview", "drift", "regions")}
    write_report_figures(**corpus, **paths, synthetic=True, resamples=20)
    for path in paths.values():
        picture = np.asarray(Image.open(path).convert("L"))
        assert picture.std() > 5
    with pytest.raises(UserError, match="other has generated no recording"):
        write_report_figures(**corpus | {"best": "other"}, **paths, synthetic=True)


def test_figures_of_one_recording_have_no_interval(corpus, tmp_path):
    for (system, _), path in corpus["generated"].items():
        with GeneratedWriter(path, system=system, kind="model") as writer:
            writer.rollout("a1", np.full((1, LENGTH, SIZE, SIZE), 51, np.uint8))
    paths = {f"{name}_path": tmp_path / f"{name}.png" for name in ("overview", "drift", "regions")}
    write_report_figures(**corpus, **paths, synthetic=False, resamples=20)
    assert all(path.exists() for path in paths.values())


def test_overview_shows_the_stretch_with_most_motion_truth_above_generated(tmp_path):
    truth = np.full((200, SIZE, SIZE), 100, np.uint8)
    truth[120:140:2] = 150
    sound = np.zeros(200 * 320, np.float32)
    sound[130 * 320] = 1
    write_shard(tmp_path / "f.h5", [("r", {"frames": truth, "audio": sound}, {})], {})
    assert 92 <= most_active_stretch(truth, 48) <= 120
    recordings = open_recordings({"frames": [tmp_path / "f.h5"]})
    write_overview(tmp_path / "o.png", "r", recordings, np.full_like(truth, 30), "m", "note")
    picture = np.asarray(Image.open(tmp_path / "o.png")).astype(int)
    column = picture[:, 200]
    rows = np.split(column, np.flatnonzero(np.diff(column)) + 1)
    levels = [int(run[0]) for run in rows if len(run) == 2 * SIZE]
    assert levels in ([100, 30], [150, 30])
    ink = np.flatnonzero((picture[-90:, 190:] < 100).sum(0) > 20)
    assert len(ink) == 1  # the click of the sound, once


def test_waveform_draws_both_signs():
    drawn = waveform(np.array([0, 1, 0, -0.5]), 4, 24) < 255
    middle = 12
    assert drawn[:middle, 1].sum() > 8
    assert not drawn[middle + 1 :, 1].any()
    assert 3 < drawn[middle + 1 :, 3].sum() < 8


def index(tmp_path):
    """Three recordings: two good ones of two subjects, one broken."""
    rows = [
        ("s1_a", "s1", "a", 60.0, "ok", ""),
        ("s2_b", "s2", "b", 30.0, "ok", ""),
        ("s2_a", "s2", "a", 0.0, "defect", "truncated: s2_a.mp4 <ends> early"),
    ]
    table = pd.DataFrame(
        rows, columns=["recording", "subject", "stimulus", "video_seconds", "status", "reason"]
    )
    for column, kind in DTYPES.items():
        if column not in table:
            table[column] = "" if kind == "str" else 0
    write_recordings(tmp_path / "recordings.csv", table[list(DTYPES)])
    return tmp_path / "recordings.csv"


def read_page(path) -> tuple[str, list[pd.DataFrame]]:
    text = path.read_text()
    assert not re.search(r"(src|href)=[\"']?(https?:)?//|@import|<script", text)
    tables = []
    for body in re.findall(r"<table.*?</table>", text, re.S):
        lines = re.findall(r"<tr.*?</tr>", body, re.S)
        head, *rows = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.S) for line in lines)
        tables.append(pd.DataFrame(rows, columns=head))
    return text, tables


def test_page_of_the_corpus_tells_what_can_be_used_and_why_not(tmp_path):
    pages.write_corpus_page(index(tmp_path), tmp_path / "corpus.html")
    text, (kinds, subjects) = read_page(tmp_path / "corpus.html")
    assert "2 of 3 recordings can be used: 2 subjects, 1.5 minutes" in text
    assert kinds["status"].tolist() == ["ok", "defect"]
    assert kinds.loc[1, ["reason", "recordings"]].tolist() == ["truncated", "1"]
    assert kinds.loc[1, "example"].endswith("s2_a.mp4 &lt;ends&gt; early")
    assert subjects.to_numpy().tolist() == [["s1", "1", "1", "1.0"], ["s2", "2", "1", "0.5"]]


def test_pages_tell_of_recordings_without_sound(tmp_path):
    path = index(tmp_path)
    table = read_recordings(path)
    table.loc[table["recording"] == "s2_b", "silent"] = "no audio: b.mp4 has no sound"
    write_recordings(path, table)
    pages.write_corpus_page(path, tmp_path / "corpus.html")
    _, (kinds, _) = read_page(tmp_path / "corpus.html")
    assert kinds["status"].tolist() == ["ok", "ok", "defect"]
    assert kinds["reason"].tolist() == ["", "no audio", "truncated"]
    assert kinds["example"].tolist()[:2] == ["s1_a", "no audio: b.mp4 has no sound"]
    split = tmp_path / "split.csv"
    split.write_text("recording,subject,stimulus,set\ns1_a,s1,a,train\ns2_b,s2,b,silent\n")
    pages.write_split_page(split, path, tmp_path / "split.html")
    _, (sets,) = read_page(tmp_path / "split.html")
    assert sets["set"].tolist() == ["train", "silent"]
    assert sets.loc[1, "use"].startswith("without sound")


def test_page_of_the_split_names_who_is_held_out(tmp_path):
    split = tmp_path / "split.csv"
    split.write_text("recording,subject,stimulus,set\ns1_a,s1,a,train\ns2_b,s2,b,unseen_both\n")
    pages.write_split_page(split, index(tmp_path), tmp_path / "split.html")
    text, (table,) = read_page(tmp_path / "split.html")
    assert table["set"].tolist() == ["train", "unseen both"]
    assert table["minutes"].tolist() == ["1.0", "0.5"]
    assert "Held-out subjects: s2." in text


def test_page_of_the_configuration_has_every_key(default_config, tmp_path):
    pages.write_configuration_page(default_config, tmp_path / "configuration.html")
    _, (table,) = read_page(tmp_path / "configuration.html")
    values = table.set_index("key")["value"]
    assert values["split.unseen_subjects"] == str(default_config["split"]["unseen_subjects"])
    assert values["corpus.path"] == "null"
    assert values["runs.logmel.encoder"] == "logmel"


def test_page_of_a_table_keeps_every_cell(tmp_path):
    markdown = f"# Table 1\n\n**{PHANTOM}**\n\n| a | b | c |\n| :-- | --: | --: |\n"
    (tmp_path / "t.md").write_text(markdown + "| x\\|y | 1\\* |  |\n\n## More\n\n| d |\n| :-- |\n")
    pages.write_table_page(tmp_path / "t.md", tmp_path / "t.html")
    text, (table, more) = read_page(tmp_path / "t.html")
    assert f"<b>{PHANTOM}</b>" in text
    assert table.to_numpy().tolist() == [["x|y", "1*", ""]]
    assert "<h2>More</h2>" in text
    assert list(more.columns) == ["d"]


def test_videos_are_inside_their_page(corpus, tmp_path):
    with pytest.raises(UserError, match="samples holds no video of m"):
        pages.write_videos_page(tmp_path / "samples", corpus["best"], tmp_path / "v.html")
    rng = np.random.default_rng(0)
    video = tmp_path / "samples" / "m" / "unseen_speech" / "a1.mp4"
    sound = 0.1 * rng.standard_normal(12 * 16000).astype(np.float32)
    noise = rng.integers(0, 255, (600, 64, 64), dtype=np.uint8)
    write_video(video, noise, 50, sound, 16000)
    pages.write_videos_page(tmp_path / "samples", corpus["best"], tmp_path / "v.html")
    text, _ = read_page(tmp_path / "v.html")
    assert len(text) < pages.LARGEST
    assert "unseen speech: a1" in text
    inside = tmp_path / "inside.mp4"
    inside.write_bytes(base64.b64decode(re.search(r'video/mp4;base64,([^"]+)"', text)[1]))
    found = probe(inside)
    assert found.video_seconds == pytest.approx(pages.SECONDS)
    assert found.audio_seconds == pytest.approx(pages.SECONDS, abs=0.1)
