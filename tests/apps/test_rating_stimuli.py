"""Clips of the rating study: real and generated alike but for what they show."""

import numpy as np
import pandas as pd
import pytest

from helpers.spoken_corpus import RATE, SECONDS, SIZE, TRIM, cut_bvt, film, write_spoken_corpus
from s2r.apps.rating.manifest import read_manifest
from s2r.apps.rating.stimuli import SIDE, choose_examples, choose_items, cut_clips
from s2r.config.systems import Kind
from s2r.core.errors import UserError
from s2r.core.files import sha256_of
from s2r.core.media.decode import probe, read_audio, read_video
from s2r.generation.generated_file import GeneratedWriter
from s2r.preparation.recordings import open_recordings

LENGTH = round((SECONDS - TRIM) * RATE)
TIMES = TRIM + (np.arange(LENGTH) + 0.5) / RATE
WORD = (1.6 - TRIM, 2.2 - TRIM)
"""Start and end of "bat" in the frames, s."""


@pytest.fixture
def corpus(tmp_path):
    """Recordings a and b with a VCV and "bat" each; a was generated, as inverted video."""
    recordings = open_recordings(write_spoken_corpus(tmp_path))
    cut_bvt(recordings, tmp_path / "segments.csv")
    with GeneratedWriter(tmp_path / "m.h5", system="m", kind=Kind.MODEL) as writer:
        draw = 255 - film(TIMES, 0)
        writer.rollout("a", np.stack([draw, np.zeros_like(draw)]))
    rollouts = {"unseen_subject": tmp_path / "m.h5"}
    files = {"segments": tmp_path / "segments.csv", "rollouts": rollouts}
    return {"recordings": recordings} | files


def cut(corpus, folder, **options) -> pd.DataFrame:
    cut_clips(**corpus, words=["bat", "bite"], folder=folder, **options)
    return read_manifest(folder)


def test_every_word_is_once_real_and_once_generated(corpus, tmp_path):
    table = cut(corpus, tmp_path / "rating", practice=2, synthetic=True)
    test = table[table["part"] == "test"]
    assert sorted(test["kind"]) == ["generated", "real"]
    assert test["item"].unique().tolist() == ["a_02"]
    assert set(test["word"]) == {"bat"}
    assert test.set_index("kind")["system"].to_dict() == {"real": "", "generated": "m"}
    practice = table[table["part"] == "practice"]
    assert (practice["kind"] == "real").all()
    # "bat" of the other recording comes before any VCV
    assert "b_02" in set(practice["item"])
    assert set(practice["item"]) <= {"b_02", "a_01", "b_01"}
    assert table["clip"].tolist() == [f"clip_{n:03d}.mp4" for n in range(1, 5)]
    blind = pd.read_csv(tmp_path / "rating/clips/clips.csv")
    assert not {"kind", "system", "sha256"} & set(blind.columns)
    assert len(blind) == 4


def test_clips_show_the_same_instants_with_the_same_sound(corpus, tmp_path):
    folder = tmp_path / "rating"
    table = cut(corpus, folder, practice=0, margin=0.2)
    clip = {row.kind: folder / "clips" / row.clip for row in table.itertuples()}
    first, stop = round((WORD[0] - 0.2) * RATE), round((WORD[1] + 0.2) * RATE)
    assert table["start"].tolist() == [first / RATE] * 2
    assert table["end"].tolist() == [stop / RATE] * 2
    truth = film(TIMES, 0)[first:stop].astype(float)
    videos = {kind: read_video(path) for kind, path in clip.items()}
    for kind, expected in (("real", truth), ("generated", 255 - truth)):
        frames, rate = videos[kind]
        assert rate == RATE
        assert frames.shape == (stop - first, SIDE, SIDE)
        cell = SIDE // SIZE
        middle = frames[:, cell // 2 :: cell, cell // 2 :: cell]
        assert np.abs(middle - expected).mean() < 12
    sounds = [read_audio(path)[0] for path in clip.values()]
    assert np.array_equal(*sounds)
    looked = [probe(path) for path in clip.values()]
    assert looked[0].audio_seconds == looked[1].audio_seconds
    assert looked[0].video_seconds == pytest.approx((stop - first) / RATE)


def test_files_tell_nothing_and_are_made_again_alike(corpus, tmp_path):
    first = cut(corpus, tmp_path / "one", practice=1, seed=4)
    for row in first.itertuples():
        path = tmp_path / "one/clips" / row.clip
        assert sha256_of(path) == row.sha256
        assert b"generated" not in path.read_bytes()
    assert cut(corpus, tmp_path / "two", practice=1, seed=4).equals(first)
    other = cut(corpus, tmp_path / "three", practice=1, seed=1)
    assert other["kind"].tolist() != first["kind"].tolist()


def test_margins_end_with_the_recording(corpus, tmp_path):
    table = cut(corpus, tmp_path / "rating", practice=0, margin=5)
    assert table["start"].tolist() == [0, 0]
    assert table["end"].tolist() == [LENGTH / RATE] * 2


def test_words_that_were_not_generated_are_reported(corpus, tmp_path):
    with GeneratedWriter(tmp_path / "none.h5", system="m", kind=Kind.MODEL) as writer:
        writer.rollout("c", film(TIMES)[None])
    with pytest.raises(UserError, match=r"No generated recording holds one of the words bat, bite"):
        cut(corpus | {"rollouts": {"s": tmp_path / "none.h5"}}, tmp_path / "rating")
    assert not (tmp_path / "rating").exists()


def test_items_are_bounded_and_spread_over_recordings():
    words = ("bat", "bit")
    rows = [
        (f"r{n}_{word}", f"s{n // 2}", f"r{n}", "word", word) for n in range(6) for word in words
    ]
    rows.append(("r0_v", "s0", "r0", "vcv", "AA-T-AA"))
    columns = ["item", "subject", "recording", "kind", "label"]
    table = pd.DataFrame(rows, columns=columns).set_index("item")
    files = {f"r{n}": "file" for n in range(4)}
    assert choose_items(table, ["bit"], files, None) == ["r0_bit", "r2_bit", "r1_bit", "r3_bit"]
    # both speakers in both words, and then their other recordings
    assert choose_items(table, ["bat", "bit"], files, 2) == ["r0_bat", "r2_bat", "r1_bit", "r3_bit"]
    assert choose_items(table, ["bat", "bit"], files, 1) == ["r0_bat", "r2_bit"]
    taken = choose_items(table, ["bat", "bit"], files, None)
    examples = choose_examples(table, ["bat", "bit"], taken, 10, np.random.default_rng(0))
    assert set(examples[:4]) == {"r4_bat", "r4_bit", "r5_bat", "r5_bit"}
    assert examples[4:] == ["r0_v"]
