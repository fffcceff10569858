"""Training the utterance model: it resumes exactly, its folds are apart, small corpora train."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from helpers.quick_training import Killed
from helpers.quick_utterance import (
    CONFIG,
    MEAN,
    PARTS,
    RESIDUAL,
    train,
    with_sets,
    write_corpus,
)
from s2r.core.errors import UserError
from s2r.core.units import to_unit_range
from s2r.model.autoencoder import load_autoencoder
from s2r.model.utterance_model import load_utterance_model
from s2r.model.utterance_sampling import draw_codes, expected_codes
from s2r.training import utterance as module
from s2r.training.utterance import _folds
from s2r.training.utterance_loss import MeanLoss, ResidualLoss
from s2r.training.utterance_spread import LARGEST_SPREAD, LEAST_SPREAD, measure_spread
from s2r.training.utterance_validation import SAMPLER, load_validation


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("corpus")


@pytest.fixture(scope="module")
def corpus(folder):
    return write_corpus(folder)


@pytest.fixture(scope="module")
def autoencoder(corpus, folder):
    return folder / "autoencoder.safetensors"


@pytest.fixture(scope="module")
def whole(corpus, autoencoder, tmp_path_factory):
    """Folder and weights of a training that nothing interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, train(corpus, autoencoder, folder)


def watch_steps(monkeypatch, die_at: int | None = None) -> list[tuple[str, int]]:
    """The kind of loss and the clips seen at every step, until the step that kills."""
    steps = []
    for kind in (MeanLoss, ResidualLoss):

        def watched(self, step, original=kind.forward):
            if len(steps) == die_at:
                raise Killed
            steps.append((type(self).__name__, step))
            return original(self, step)

        monkeypatch.setattr(kind, "forward", watched)
    return steps


@pytest.mark.parametrize("part", range(4), ids=PARTS)
def test_a_training_killed_in_any_part_goes_on_to_bit_identical_weights(
    part, whole, corpus, autoencoder, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        watch_steps(patch, die_at=12 * part + 9)
        with pytest.raises(Killed):
            train(corpus, autoencoder, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == sorted(PARTS[: part + 1])
    steps = watch_steps(monkeypatch)
    resumed = train(corpus, autoencoder, tmp_path)
    kinds = [MeanLoss.__name__] * 3 + [ResidualLoss.__name__]
    expected = [(kind, step) for kind in kinds[part:] for step in range(0, 96, 8)]
    assert steps == expected[8:], "it must go on from the checkpoint, not from the start"
    assert whole[1].keys() == resumed.keys()
    assert [name for name in resumed if not torch.equal(resumed[name], whole[1][name])] == []
    curves = [
        pd.read_csv(path / "curve.csv").drop(columns="seconds") for path in (whole[0], tmp_path)
    ]
    pd.testing.assert_frame_equal(*curves)


def test_the_curve_counts_on_and_the_file_knows_how_it_was_made(whole):
    curve = pd.read_csv(whole[0] / "curve.csv")
    assert curve["clips"].tolist() == [32, 64, 96, 128, 160, 192]
    assert curve["validation_error"].notna().tolist() == [True] * 3 + [False] * 3
    assert curve["draw_error"].notna().tolist() == [False] * 3 + [True] * 3
    model, info = load_utterance_model(whole[0] / "model.safetensors")
    assert model.config == CONFIG
    assert info["training_recordings"] == 6
    assert info["mean"]["clips"] == 96


@pytest.mark.parametrize("block", ["mean", "residual"])
def test_another_seed_gives_another_model(block, whole, corpus, autoencoder, tmp_path):
    changed = {block: replace(MEAN if block == "mean" else RESIDUAL, seed=1)}
    other = train(corpus, autoencoder, tmp_path, **changed)
    assert not torch.equal(other["denoiser.output.weight"], whole[1]["denoiser.output.weight"])
    same = torch.equal(other["mean.output.weight"], whole[1]["mean.output.weight"])
    assert same == (block == "residual")


def test_training_learns_from_the_speech(corpus, autoencoder, tmp_path):
    """What is not predicted is less than half of what the reference frame leaves."""
    longer = replace(MEAN, clips=1600, validate_clips=1600)
    train(corpus, autoencoder, tmp_path, longer, replace(RESIDUAL, clips=320, validate_clips=320))
    model, _ = load_utterance_model(tmp_path / "model.safetensors")
    validation = load_validation(model, corpus)
    nothing = validation._error(
        model, (torch.zeros(1, len(video), 4) for video in validation.videos)
    )
    curve = pd.read_csv(tmp_path / "curve.csv")
    assert curve["validation_error"].iloc[0] < 0.5 * nothing
    assert curve["draw_error"].iloc[1] < 0.6 * curve["wrong_speech_error"].iloc[1]


def test_left_out_means_come_from_networks_that_have_not_seen_the_stimulus(
    corpus, autoencoder, tmp_path, monkeypatch
):
    seen, left_out = {}, {}
    initial, predict = MeanLoss.__init__, module._predict_left_out

    def watch_loss(self, model, network, codes, chosen, *rest):
        seen[len(seen)] = {codes.recordings[number] for number in chosen}
        initial(self, model, network, codes, chosen, *rest)

    def watch_prediction(model, network, codes, recordings, *filled):
        left_out[len(seen) - 1] = {codes.recordings[number] for number in recordings}
        predict(model, network, codes, recordings, *filled)

    monkeypatch.setattr(MeanLoss, "__init__", watch_loss)
    monkeypatch.setattr(module, "_predict_left_out", watch_prediction)
    train(corpus, autoencoder, tmp_path)
    everyone = set(corpus.members("train"))
    assert seen[0] == everyone
    assert sorted(left_out) == [1, 2]
    assert set.union(*left_out.values()) == everyone
    stimulus = corpus.split.set_index("recording")["stimulus"]
    for fold, names in left_out.items():
        assert not set(stimulus[list(names)]) & set(stimulus[list(seen[fold])])


def test_changed_copies_have_the_codes_of_their_recording_and_their_own_speech(corpus, autoencoder):
    names = corpus.members("train")
    _, codes = module.untrained(CONFIG, load_autoencoder(autoencoder)[0], corpus, names, MEAN)
    assert codes.recordings == names * 2
    assert len(codes.codes) == len(codes.speech) == codes.lengths.sum()
    for number in range(len(names)):
        own, copy = codes.part(number), codes.part(len(names) + number)
        assert torch.equal(codes.codes[own], codes.codes[copy])
        assert torch.equal(codes.speakers[number], codes.speakers[len(names) + number])
        assert not torch.allclose(codes.speech[own], codes.speech[copy])


def test_folds_are_of_stimuli_or_else_of_recordings(corpus):
    names = ["s1_a", "s1_b", "s1_c", "s2_a", "s2_b", "s2_c"]
    assert _folds(corpus, names, 2).tolist() == [0, 1, 0, 0, 1, 0]
    assert _folds(corpus, ["s1_a", "s2_a", "s3_a"], 2).tolist() == [0, 1, 0]
    assert _folds(corpus, ["s1_a"], 2).tolist() == [0]
    assert _folds(corpus, ["s1_a", "s1_b"] * 2, 2).tolist() == [0, 1, 0, 1]
    assert _folds(corpus, ["s1_a", "s2_a"] * 2, 2).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("names", "segment"),
    [(("s1_a", "s2_b"), 90), (("s1_a",), 20), (("s1_a", "s2_a"), 20)],
    ids=["shorter than a segment", "one recording", "one stimulus"],
)
def test_a_small_training_set_without_validation_trains(
    names, segment, corpus, autoencoder, tmp_path
):
    few = with_sets(corpus, **dict.fromkeys(names, "train"))
    short = {"clips": 24, "segment": segment, "validate_clips": 16}
    weights = train(few, autoencoder, tmp_path, replace(MEAN, **short), replace(RESIDUAL, **short))
    assert all(value.isfinite().all() for value in weights.values())
    assert LEAST_SPREAD <= weights["spread"] <= LARGEST_SPREAD
    curve = pd.read_csv(tmp_path / "curve.csv")
    assert curve.columns.tolist() == ["clips", "loss", "seconds"]
    assert curve["loss"].notna().all()


def test_no_training_recordings_is_one_sentence(corpus, autoencoder, tmp_path):
    with pytest.raises(UserError, match=r"^the split has no training recordings; see split\.csv"):
        train(with_sets(corpus, s1_a="validation"), autoencoder, tmp_path)


@pytest.mark.parametrize(("kind", "key"), [(MeanLoss, "mean"), (ResidualLoss, "residual")])
def test_a_loss_that_is_not_finite_names_the_rate_to_lower(
    kind, key, corpus, autoencoder, tmp_path, monkeypatch
):
    original = kind.forward
    monkeypatch.setattr(kind, "forward", lambda self, step: original(self, step) * math.inf)
    with pytest.raises(UserError, match=rf"not finite at step 1 .*; lower {key}\.learning_rate"):
        train(corpus, autoencoder, tmp_path)


def motion(video, recordings) -> float:
    """Squared change from frame to frame in the dynamic region, of a video (T, 1, H, W)."""
    return video[:, 0, recordings.region].diff(dim=0).square().sum().item()


def test_draws_of_the_validation_set_move_as_much_as_its_recordings(corpus, whole, monkeypatch):
    monkeypatch.setattr("s2r.training.utterance_spread.LEAST_SPREAD", 0.0)
    model, _ = load_utterance_model(whole[0] / "model.safetensors")
    recordings = load_validation(model, corpus)
    model.residual.deviations.mul_(8)  # whole residuals move too much
    model.spread.fill_(0.5)  # what was set before must not matter
    model.spread.fill_(measure_spread(model, recordings))
    assert 0 < model.spread < 1
    true, drawn = 0.0, 0.0
    for number, truth in enumerate(recordings.videos):
        speaker = recordings.speakers[number : number + 1]
        speech = recordings.codes.speech[recordings.codes.part(number)][None]
        with torch.no_grad():
            given = (model, speech, speaker.code)
            given = (*given, *expected_codes(*given))
            codes = draw_codes(*given, SAMPLER, number)
            video = model.autoencoder.decode(codes[0], speaker)
            video = video + model.autoencoder.noise_for(speaker, 0, len(truth), number)
        true += motion(torch.from_numpy(to_unit_range(truth))[:, None], recordings)
        drawn += motion(video.clamp(-1, 1), recordings)
    assert drawn == pytest.approx(true, rel=1e-3)


def test_the_spread_of_residuals_that_are_all_larger_is_smaller(corpus, whole):
    """After short trainings a network can be far less certain than those of the folds were."""
    model, _ = load_utterance_model(whole[0] / "model.safetensors")
    recordings = load_validation(model, corpus)
    model.residual.variance.copy_(torch.tensor([100.0, 0.0]))
    large = measure_spread(model, recordings)
    model.residual.variance.copy_(torch.tensor([1e4, 0.0]))
    model.spread.fill_(1.0)
    assert measure_spread(model, recordings) == pytest.approx(large / 10, rel=0.02)


def test_without_validation_the_means_of_left_out_recordings_stand_in(corpus, whole):
    """The mean of networks that saw a recording moves with it, and would leave nothing to draw."""
    model, _ = load_utterance_model(whole[0] / "model.safetensors")
    recordings = load_validation(model, corpus, "train")
    lengths = recordings.codes.lengths
    still = [(torch.zeros(length, 4), torch.zeros(length)) for length in lengths]
    assert measure_spread(model, recordings, still) > measure_spread(model, recordings)


def test_validation_recordings_of_one_frame_leave_the_whole_spread(corpus, whole):
    model, _ = load_utterance_model(whole[0] / "model.safetensors")
    recordings = load_validation(model, corpus)
    single = replace(recordings.codes, lengths=np.ones_like(recordings.codes.lengths))
    short = replace(recordings, codes=single, videos=[video[:1] for video in recordings.videos])
    assert measure_spread(model, short) == 1
