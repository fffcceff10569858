"""Phones read off videos in which the place of a bright spot is the phone."""

import numpy as np
import pandas as pd
import pytest
import torch

from s2r.core.errors import UserError
from s2r.core.phonetics import MANNERS, PHONES, PLACES, Item, Segment
from s2r.core.shards import write_shard
from s2r.corpus.textgrid import SpokenTimes
from s2r.evaluation.phones import training
from s2r.evaluation.phones.decode import collapse, decode_phones, word_scores
from s2r.evaluation.phones.recogniser import (
    load_recogniser,
    movement,
    save_recogniser,
)
from s2r.evaluation.phones.scores import CLASSES, GIVEN, RIGHT, PhoneReader, without_rests
from s2r.evaluation.phones.times import CODES, NO_PHONE, frame_codes
from s2r.evaluation.phones.training import splice, train_recogniser
from s2r.evaluation.phones.words import ALTERNATIVES, Vocabulary, pronunciation
from s2r.preparation.recordings import open_recordings

SAID = ("SIL", "B", "AE", "T", "IY", "S")
"""The phones of these tests."""

WORDS = {"bat": ("B", "AE", "T"), "beat": ("B", "IY", "T"), "sat": ("S", "AE", "T")}


def utterance(words, start=0.2) -> SpokenTimes:
    """Words with rests between them, phones of 0.1 s."""
    phones, items, time = [Segment("SIL", 0.0, start)], [], start
    for word in words:
        own = [Segment(p, time + 0.1 * k, time + 0.1 * (k + 1)) for k, p in enumerate(WORDS[word])]
        time = own[-1].end
        phones += [*own, Segment("SIL", time, time + 0.1)]
        time += 0.1
        items.append(Item(word, tuple(own)))
    return SpokenTimes(tuple(phones), tuple(items))


def film(codes: np.ndarray, size: int = 32, seed: int = 0) -> np.ndarray:
    """(T, size, size) uint8: in each frame a bright square whose place is the phone."""
    rng = np.random.default_rng(seed)
    cell = size // 4
    video = rng.normal(60, 6, (len(codes), size, size))
    for frame, code in zip(video, codes, strict=True):
        row, column = divmod(SAID.index(PHONES[code]), 3)
        top, left = (2 * row) * cell, column * cell
        frame[top : top + cell, left : left + cell] += 120
    return np.clip(video, 0, 255).astype(np.uint8)


def spoken_and_filmed(words, seed=0, size=32):
    spoken = utterance(words)
    length = round(spoken.phones[-1].end * 50)
    return spoken, film(frame_codes(spoken, length), size, seed)


ORDERS = (("bat", "beat", "sat", "bat"), ("sat", "bat", "beat", "beat"), ("beat", "sat", "sat"))


@pytest.fixture(scope="module")
def recogniser():
    """Trained on three such videos for a second or two."""
    pairs = [spoken_and_filmed(words, seed) for seed, words in enumerate(ORDERS)]
    seen = [movement(video) for _, video in pairs]
    codes = [frame_codes(spoken, len(video)) for spoken, video in pairs]
    return train_recogniser(seen, codes, seed=1, steps=50)


@pytest.fixture(scope="module")
def reader(recogniser):
    times = {
        "a": utterance(("sat", "beat", "bat")),
        "b": utterance(("bat", "sat", "beat", "sat")),
    }
    items = [item for spoken in times.values() for item in spoken.items]
    return PhoneReader(recogniser, times, Vocabulary(items))


def values(rows) -> dict:
    return {(row["metric"], row["region"]): row["value"] for row in rows}


def filmed(reader, recording, size=32):
    spoken = reader.times[recording]
    return film(frame_codes(spoken, round(spoken.phones[-1].end * 50)), size, seed=9)


def test_phones_and_words_of_a_new_video_are_read(reader):
    rows = list(reader.rows("a", filmed(reader, "a")[None], "draw", 1))
    found = values(rows)
    for metric in ("phone_accuracy", "place_accuracy", "manner_accuracy"):
        assert found[metric, "phones"] > 0.95
    assert found["phone_error_rate", "phones"] == 0
    assert found["word_identification", "phones"] == 1
    weights = {row["metric"]: row["frames"] for row in rows}
    assert weights["phone_accuracy"] == len(filmed(reader, "a")) - 1
    assert (weights["phone_error_rate"], weights["word_identification"]) == (9, 3)


@pytest.mark.parametrize("size", [16, 84])
def test_frames_of_any_size_are_read(reader, size):
    found = values(reader.rows("a", filmed(reader, "a", size)[None], "draw", 1))
    assert found["phone_accuracy", "phones"] > 0.8


def test_a_still_video_tells_nothing(reader):
    video = filmed(reader, "a")
    still = np.repeat(video[:1], len(video), 0)
    found = values(reader.rows("a", still[None], "draw", 1))
    assert found["phone_error_rate", "phones"] > 0.8
    assert found["phone_accuracy", "phones"] < 0.5
    assert found["word_identification", "phones"] < 0.7


def test_draws_are_averaged(reader):
    video = filmed(reader, "a")
    draws = np.stack([video, np.repeat(video[:1], len(video), 0)])
    both, one, other = (
        values(reader.rows("a", part, "draw", 1)) for part in (draws, draws[:1], draws[1:])
    )
    for key, value in both.items():
        assert value == pytest.approx((one[key] + other[key]) / 2)


def test_a_video_of_wrong_speech_has_the_phones_of_that_speech(reader):
    """The speech of a shorter recording is repeated, that of a longer one cut."""
    for right, given in (("a", "b"), ("b", "a")):
        length, of = len(filmed(reader, right)), len(filmed(reader, given))
        repeated = np.arange(length) % of
        video = filmed(reader, given)[repeated]
        found = values(reader.wrong_speech_rows(right, video, given, of, 1))
        assert found["wrong_speech_phone_accuracy", GIVEN] > 0.95
        assert found["wrong_speech_phone_error_rate", GIVEN] < 0.1
        codes = frame_codes(reader.times[right], length)
        shared = (codes == frame_codes(reader.times[given], of)[repeated])[1:].mean()
        assert shared < 0.8
        assert found["wrong_speech_phone_accuracy", RIGHT] == pytest.approx(shared, abs=0.05)
        assert found["wrong_speech_phone_error_rate", RIGHT] > 0.2


def test_wrong_speech_of_the_recording_itself_begins_in_its_middle(reader):
    video = filmed(reader, "a")
    rolled = np.roll(video, len(video) // 2, axis=0)
    found = values(reader.wrong_speech_rows("a", rolled, "a", len(video), 1))
    assert found["wrong_speech_phone_accuracy", GIVEN] > 0.95


def test_recordings_without_phones_have_no_scores(reader):
    video = filmed(reader, "a")
    assert list(reader.rows("unknown", video[None], "draw", 1)) == []
    assert list(reader.wrong_speech_rows("a", video, "unknown", len(video), 1)) == []


def test_frames_of_which_nothing_is_known_are_left_out(reader):
    spoken = reader.times["a"]
    unknown = (*spoken.phones[:-1], Segment("", spoken.phones[-1].start, spoken.phones[-1].end))
    partly = PhoneReader(reader.recogniser, {"a": SpokenTimes(unknown, ())}, reader.vocabulary)
    rows = {row["metric"]: row for row in partly.rows("a", filmed(reader, "a")[None], "draw", 1)}
    assert set(rows) == {"phone_accuracy", "place_accuracy", "manner_accuracy"}
    assert rows["phone_accuracy"]["frames"] == len(filmed(reader, "a")) - 1 - 5


def test_the_same_seed_gives_the_same_recogniser(recogniser):
    spoken, video = spoken_and_filmed(ORDERS[0])
    arguments = [movement(video)], [frame_codes(spoken, len(video))]
    one, other = (train_recogniser(*arguments, seed=3, steps=2) for _ in range(2))
    states = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in states)


def write_corpus(home) -> dict:
    """Two training recordings and a validation recording, and when their phones are said."""
    items, rows = [], []
    for number, words in enumerate(ORDERS):
        spoken, video = spoken_and_filmed(words, number)
        items.append((f"r{number}", {"frames": video}, {}))
        for phone in spoken.phones:
            row = {"recording": f"r{number}", "source": "truth", "label": phone.label}
            row |= {"start": phone.start, "end": phone.end, "word": "", "kind": "", "item": 0}
            rows.append(row)
    write_shard(home / "0.h5", items, {"rate": 50})
    pd.DataFrame(rows).to_csv(home / "times.csv", index=False)
    split = pd.DataFrame({"recording": ["r0", "r1", "r2"], "subject": "s", "stimulus": "t"})
    split.assign(set=["train", "train", "validation"]).to_csv(home / "split.csv", index=False)
    return {"frames": [home / "0.h5"], "split": home / "split.csv"}


def test_the_recogniser_is_fitted_on_training_recordings(recogniser, tmp_path, monkeypatch, capsys):
    recordings = open_recordings(write_corpus(tmp_path))
    trained = []

    def train(seen, codes, *_):
        trained.extend(zip(map(len, seen), map(len, codes), strict=True))
        return recogniser

    monkeypatch.setattr(training, "LEAST_FRAMES", 10)
    monkeypatch.setattr(training, "train_recogniser", train)
    path = tmp_path / "phones.safetensors"
    training.fit_recogniser(recordings, phone_times=tmp_path / "times.csv", path=path)
    assert trained == [(recordings.length(name),) * 2 for name in ("r0", "r1")]
    assert load_recogniser(path) is not None
    length = recordings.length("r2")
    assert f"% of {length} validation frames" in capsys.readouterr().out


def test_too_few_phones_are_said_and_give_no_recogniser(tmp_path, capsys):
    recordings = open_recordings(write_corpus(tmp_path))
    path = tmp_path / "phones.safetensors"
    training.fit_recogniser(recordings, phone_times=tmp_path / "times.csv", path=path)
    assert load_recogniser(path) is None
    assert "and 1000 are needed" in capsys.readouterr().out


def test_a_recogniser_is_read_back(recogniser, tmp_path):
    path = tmp_path / "phones.safetensors"
    save_recogniser(recogniser, path)
    video = spoken_and_filmed(ORDERS[1])[1][None]
    np.testing.assert_array_equal(load_recogniser(path).predict(video), recogniser.predict(video))
    save_recogniser(None, path)
    assert load_recogniser(path) is None


def test_other_files_are_no_recogniser(tmp_path):
    path = tmp_path / "phones.safetensors"
    with pytest.raises(UserError, match="run the rule phone_recogniser"):
        load_recogniser(path)
    path.write_bytes(b"nothing")
    with pytest.raises(UserError, match="no recogniser of phones"):
        load_recogniser(path)


def test_movement_leaves_out_what_stands_still():
    rng = np.random.default_rng(0)
    video = rng.integers(50, 200, (20, 64, 64)).astype(np.uint8)
    seen = movement(video)
    assert seen.shape == (20, 32, 32)
    assert seen.mean(0).abs().max() < 1e-5
    assert seen.square().mean().sqrt() == pytest.approx(1)
    anatomy = rng.integers(0, 50, (64, 64)).astype(np.uint8)
    torch.testing.assert_close(movement(video // 2 + anatomy), movement(video // 2))
    assert movement(np.repeat(video[:1], 5, 0)).abs().max() < 1e-3


def test_every_phone_has_one_place_and_one_manner():
    for classes in (PLACES, MANNERS):
        assert sorted(phone for own in classes.values() for phone in own) == sorted(PHONES)
    assert CLASSES["manner_accuracy"][CODES["M"]] == CLASSES["manner_accuracy"][CODES["NG"]]
    assert CLASSES["place_accuracy"][CODES["M"]] != CLASSES["place_accuracy"][CODES["NG"]]


def test_splices_keep_each_frame_with_its_phone():
    codes = torch.arange(6)[:, None] * 100 + torch.arange(24)
    seen = codes[..., None, None].float().expand(-1, -1, 2, 2)
    spliced, own = splice(seen, codes, torch.Generator().manual_seed(0))
    assert torch.equal(spliced[..., 0, 0].long(), own)
    assert torch.equal(own % 100, torch.arange(24).expand(6, -1))
    assert not torch.equal(own, codes)


def one_hot(codes, sure=0.9) -> np.ndarray:
    shares = np.full((1, len(codes), len(PHONES)), (1 - sure) / (len(PHONES) - 1))
    shares[0, np.arange(len(codes)), codes] = sure
    return np.log(shares)


def test_a_single_odd_frame_is_no_phone():
    codes = [0] * 5 + [3] * 4 + [7] + [3] * 4 + [5] * 3
    path = decode_phones(one_hot(codes))[0]
    assert path.tolist() == [0] * 5 + [3] * 9 + [5] * 3
    assert without_rests(path).tolist() == [3, 5]


def test_the_best_path_is_that_of_all_paths():
    """Against every path of five frames and three phones that lasts two frames a phone."""
    rng = np.random.default_rng(4)
    scores = np.log(rng.dirichlet([0.5] * 3, (6, 5)))
    found = decode_phones(scores, cost=1.0)
    paths = np.stack(np.meshgrid(*[range(3)] * 5, indexing="ij"), -1).reshape(-1, 5)
    for own, path in zip(scores, found, strict=True):
        best = max((_score(own, p), tuple(p)) for p in paths if _lasting(p))
        assert tuple(path) == best[1]


def _score(scores, path) -> float:
    return scores[np.arange(len(path)), path].sum() - 1.0 * (np.diff(path) != 0).sum()


def _lasting(path) -> bool:
    starts = np.flatnonzero(np.append(True, np.diff(path) != 0))
    return bool((np.diff(np.append(starts, len(path))) >= 2).all())


def test_sequences_are_collapsed():
    assert collapse(np.array([1, 1, 2, 2, 2, 1])).tolist() == [1, 2, 1]
    assert collapse(np.array([], int)).tolist() == []
    assert NO_PHONE not in CODES.values()


def test_a_word_is_the_best_division_of_its_frames():
    scores = one_hot([CODES[phone] for phone in ("B", "B", "AE", "T")])
    found = word_scores(scores, [*WORDS.values(), ("B", "AE"), ("B", "AE", "T", "S", "T")])[0]
    assert found.argmax() == 0
    assert found[0] == pytest.approx(4 * np.log(0.9))
    assert found[-1] == -np.inf  # five phones do not fit into four frames


def item(*phones: str, label: str = "") -> Item:
    segments = tuple(Segment(phone, k, k + 1) for k, phone in enumerate(phones))
    return Item(label or "-".join(phones), segments)


def test_alternatives_are_of_the_list_the_length_or_the_vowel():
    words = [item(*phones, label=label) for label, phones in WORDS.items()]
    words += [item("T", *["AE"] * k, label=f"t{k}") for k in range(12)]
    vcvs = [item(v, c, v) for v in ("AA", "IY") for c in ("T", "K", "B")]
    vocabulary = Vocabulary([*words, *vcvs], lists=[["Bat", "beat", "bit", "boat"]])
    listed = vocabulary.list_of(words[:2])
    assert vocabulary.alternatives(words[0], listed) == [WORDS["bat"], WORDS["beat"]]
    # one word of the list by chance is no recording of it
    assert vocabulary.list_of([words[0], *words[2:]]) is None
    assert len(vocabulary.alternatives(words[0])) == ALTERNATIVES
    assert vocabulary.alternatives(words[5], listed) == vocabulary.alternatives(words[5])
    others = vocabulary.alternatives(words[5])
    assert len(others) == len(set(others)) == ALTERNATIVES
    assert others[0] == pronunciation(words[5])
    lengths = [abs(len(phones) - 3) for phones in others]
    assert lengths == sorted(lengths)
    assert {(p[0], p[2]) for p in vocabulary.alternatives(vcvs[0])} == {("AA", "AA")}
