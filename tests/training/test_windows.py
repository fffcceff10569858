"""Windows: what belongs to what, and nothing across recordings."""

import numpy as np
import pytest

from helpers.tiny_corpus import write_tiny_corpus
from s2r.core.errors import UserError
from s2r.model.window import Window, neighbour_indices
from s2r.training.windows import WindowDataset, load_windows


def numbered_store():
    """Two recordings of 20 and 15 frames whose pixels and speech are the frame's number."""
    lengths = np.array([20, 15])
    numbers = np.concatenate([np.arange(20), 100 + np.arange(15)])
    frames = np.broadcast_to(numbers[:, None, None], (35, 2, 2)).astype(np.uint8)
    return WindowDataset(["a", "b"], frames, numbers[:, None].astype(np.float32), np.array([0, 20]),
                     lengths)  # fmt: skip


def test_a_window_is_context_and_new_frames():
    window = Window(context=3, new=4)
    frames, speech = numbered_store().window(np.array([1]), np.array([6]), window, radius=1)
    assert frames[0, :, 0, 0].tolist() == [103, 104, 105, 106, 107, 108, 109]
    assert speech[0, 3, :, 0].tolist() == [105, 106, 107]
    assert speech[0, 0, :, 0].tolist() == [102, 103, 104]


def test_context_before_the_start_is_the_first_frame():
    window = Window(context=3, new=2)
    frames, _ = numbered_store().window(np.array([1]), np.array([1]), window, radius=0)
    assert frames[0, :, 0, 0].tolist() == [100, 100, 100, 101, 102]


def test_drawn_windows_never_straddle_recordings_and_reach_all_places():
    store, window = numbered_store(), Window(context=3, new=12)
    recording, start = store.draw(0, 26, window, seed=0)
    frames, speech = store.window(recording, start, window, radius=5)
    assert ((frames >= 100) == (recording == 1)[:, None, None, None]).all()
    assert ((speech >= 100) == (recording == 1)[:, None, None, None]).all()
    assert set(start[recording == 0]) == set(range(9))
    assert set(start[recording == 1]) == set(range(4))


def test_every_window_is_drawn_once_in_an_epoch_whatever_the_batch():
    store, window = numbered_store(), Window(context=3, new=12)
    possible = [(0, start) for start in range(9)] + [(1, start) for start in range(4)]

    def windows(first, count, seed=0):
        recording, start = store.draw(first, count, window, seed)
        return list(zip(recording.tolist(), start.tolist(), strict=True))

    one_by_one = [windows(number, 1)[0] for number in range(39)]
    for epoch in range(3):
        assert sorted(one_by_one[13 * epoch : 13 * epoch + 13]) == possible
    assert one_by_one[:13] != one_by_one[13:26]
    assert windows(5, 30) == one_by_one[5:35]
    assert windows(0, 13, seed=1) != one_by_one[:13]


def test_speech_indices_stop_at_the_ends():
    assert neighbour_indices(np.array([0, 9]), 10, 2).tolist() == [[0, 0, 0, 1, 2], [7, 8, 9, 9, 9]]


def test_too_short_recordings_are_refused_in_one_sentence():
    with pytest.raises(UserError, match=r"window\.new"):
        numbered_store().draw(0, 1, Window(new=21), seed=0)


@pytest.mark.parametrize("limit", [0, 10**9])
def test_store_holds_what_the_shards_hold(tmp_path, monkeypatch, limit):
    monkeypatch.setattr("s2r.training.windows.MEMORY_LIMIT", limit)
    corpus = write_tiny_corpus(tmp_path)
    frames, embeddings = corpus.frames, corpus.embeddings
    store = load_windows(
        frames, embeddings, ["s2_b", "s1_a"], lambda e: e[:, :2], tmp_path / "flat"
    )
    assert isinstance(store.frames, np.memmap) == (limit == 0)
    first, length = store.first[1], store.lengths[1]
    expected = frames.read("s1_a", "frames")
    np.testing.assert_array_equal(store.frames[first : first + length], expected)
    expected = embeddings.read("s1_a", "embeddings")[:, :2]
    np.testing.assert_array_equal(store.speech[first : first + length], expected)
