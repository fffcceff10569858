"""Losses of the utterance model: their curves, their shares, segments, other references."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.quick_utterance import CONFIG, MEAN, RESIDUAL
from s2r.model.autoencoder import Autoencoder
from s2r.model.utterance_model import UtteranceModel
from s2r.training import distributed
from s2r.training.changed_anatomies import changed_anatomies
from s2r.training.codes import CodeSet
from s2r.training.utterance import fit_network
from s2r.training.utterance_loss import MeanLoss, ResidualLoss, _other_references

LENGTHS = np.array([50, 12, 70, 33])
FIRST = np.array([0, 50, 62, 132])
CODES = CONFIG.autoencoder.codes


def code_set() -> CodeSet:
    """Codes that follow the speech, with noise: no file, and no linear algebra, in them."""
    rng = np.random.default_rng(0)
    speech = rng.normal(size=(LENGTHS.sum(), 4)).astype(np.float32)
    codes = 2 * speech + rng.normal(size=speech.shape).astype(np.float32)
    speakers = rng.normal(size=(4, CODES)).astype(np.float32)
    return CodeSet(list("abcd"), *map(torch.from_numpy, (codes, speech, speakers)), FIRST, LENGTHS)


def untrained(codes: CodeSet) -> UtteranceModel:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = UtteranceModel(CONFIG, Autoencoder(CONFIG.autoencoder, 16), dimension=5, projected=4)
    model.code_scale.copy_(codes.codes.std())
    return model


def losses(model: UtteranceModel, codes: CodeSet, anatomy_change: float = 0.0) -> list:
    everyone, training = np.arange(len(LENGTHS)), replace(MEAN, anatomy_change=anatomy_change)
    mean = MeanLoss(model, model.mean, codes, everyone, training, CONFIG.mean.dropout)
    certain = torch.zeros(len(codes.codes))
    given = (codes, 0.5 * codes.codes, certain, everyone)
    return [mean, ResidualLoss(model, *given, RESIDUAL)]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("mean", [1.300725, 1.082120, 1.202474, 1.163190]),
        ("residual", [1.133768, 1.155036, 1.246481, 1.189812]),
    ],
)
def test_golden_loss_curve(block, expected, tmp_path):
    """Sixteen steps of a training from fixed numbers, as they were when this was written.

    Tolerance: another processor adds up in another order, with differences of the size that float32
    rounds off, 1e-7 of a value. Weights changed by 1e-6 and by 1e-5 at the start change these
    losses by 1e-5 of their value at most; 1e-4 is ten times that.
    """
    codes = code_set()
    model = untrained(codes)
    loss = losses(model, codes)[block == "residual"]
    schedule = replace(MEAN if block == "mean" else RESIDUAL, clips=128)
    _, curve = fit_network(
        loss, loss.network, schedule, Path(tmp_path), None, block, "cpu", "golden"
    )
    assert [row["loss"] for row in curve] == pytest.approx(expected, rel=1e-4)


def with_components(model: UtteranceModel) -> UtteranceModel:
    """Random components, orthonormal as fitted ones are, and a random template."""
    generator = torch.Generator().manual_seed(0)
    rough = torch.randn(CODES + 1, 16 * 16, generator=generator)
    model.autoencoder.components.copy_(torch.linalg.qr(rough[:CODES].T)[0].T)
    model.autoencoder.template.copy_(rough[CODES:].view(1, 1, 16, 16))
    return model


@pytest.mark.parametrize(
    ("number", "anatomy_change"),
    [(0, 0.0), (0, 0.01), (1, 0.0)],
    ids=["mean", "mean with changed anatomies", "residual"],
)
def test_shares_of_a_batch_make_the_whole(number, anatomy_change, monkeypatch):
    codes = code_set()
    model = with_components(untrained(codes))
    for parameter in model.parameters():  # an untrained network ends in zeros
        torch.nn.init.normal_(parameter, std=0.2)
    loss = losses(model, codes, anatomy_change)[number]
    whole, shares = loss(0).item(), []
    monkeypatch.setattr(distributed, "processes", lambda: 4)
    for rank in range(4):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        shares.append(loss(0).item())
    assert len(set(shares)) == 4
    assert np.mean(shares) == pytest.approx(whole, rel=1e-5)


def test_a_step_depends_on_seed_and_step_alone():
    codes = code_set()
    for loss in losses(untrained(codes), codes):
        first = loss(8).item()
        assert loss(16).item() != first
        assert loss(8).item() == first


def test_the_first_losses_are_about_one():
    codes = code_set()
    model = untrained(codes)
    training = replace(MEAN, random_references=0.0)
    mean = MeanLoss(model, model.mean, codes, np.array([0, 2, 3]), training, 0.0)
    assert np.mean([mean(8 * step).item() for step in range(60)]) == pytest.approx(1, abs=0.05)
    halves = [0.5 * codes.codes[codes.part(r)] for r in range(4)]
    model.residual.fit(halves, [half.square().sum(1) for half in halves])
    uncertainties = 0.25 * codes.codes.square().sum(1)
    given = (codes, 0.5 * codes.codes, uncertainties, np.arange(4))
    residual = ResidualLoss(model, *given, RESIDUAL)
    assert np.mean([residual(8 * step).item() for step in range(60)]) == pytest.approx(1, abs=0.1)


def test_segments_lie_within_their_recording_and_short_ones_hold_their_last_frame():
    codes = code_set()
    recording, frames = codes.draw(np.array([1, 2]), 400, 20, np.random.default_rng(0))
    frames = frames.numpy()
    assert set(recording) == {1, 2}
    held = np.minimum(FIRST[1] + np.arange(20), FIRST[1] + 11)
    assert (frames[recording == 1] == held).all()
    long = frames[recording == 2]
    assert (np.diff(long, axis=1) == 1).all()
    assert (long.min(), long.max()) == (FIRST[2], FIRST[2] + 69)
    # by length: 12 of 82; four standard errors
    assert (recording == 1).mean() == pytest.approx(12 / 82, abs=0.07)


def test_other_references_are_frames_of_the_same_recording():
    codes = code_set()
    recording = np.arange(4).repeat(100)
    rng = np.random.default_rng(0)
    moved = _other_references(codes, recording, 1.0, rng)
    places = (moved[:, None] == codes.codes).all(-1).int().argmax(1).numpy()
    assert torch.equal(codes.codes[places], moved)
    assert ((places >= FIRST[recording]) & (places < (FIRST + LENGTHS)[recording])).all()
    assert len(np.unique(places)) > 100
    assert not _other_references(codes, recording, 0.0, rng).any()
    some = _other_references(codes, recording, 0.3, rng).any(1).float().mean().item()
    assert some == pytest.approx(0.3, abs=0.1)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_codes_stay_consistent_with_a_random_reference(share, monkeypatch):
    """Codes are absolute positions minus the reference's: whoever knows both makes no error."""
    codes = code_set()
    own = codes.speakers.repeat_interleave(torch.from_numpy(LENGTHS), 0)
    absolute = replace(codes, speech=codes.codes + own)
    model = untrained(codes)

    def knows(network, speech, speaker, kept):
        return speech - speaker[:, None]

    monkeypatch.setattr(model, "predict", knows)
    training = replace(MEAN, random_references=share, speaker_noise=0.0)
    loss = MeanLoss(model, model.mean, absolute, np.arange(4), training, 0.0)
    assert loss(0).item() < 1e-10
    noisy = replace(training, speaker_noise=0.5)
    loss = MeanLoss(model, model.mean, absolute, np.arange(4), noisy, 0.0)
    expected = (0.5 / model.code_scale.item()) ** 2
    found = np.mean([loss(8 * step).item() for step in range(40)])
    assert found == pytest.approx(expected, rel=0.2)  # 1,280 numbers: four standard errors


def test_a_segment_and_its_speaker_get_the_same_change_of_anatomy(monkeypatch):
    codes = code_set()
    model = with_components(untrained(codes))
    training = replace(MEAN, random_references=0.0, speaker_noise=0.0, anatomy_change=0.01)
    given, left = [], []

    def knows_nothing(network, speech, speaker, kept):
        given.append(speaker)
        return torch.zeros(*speech.shape[:2], CODES)

    monkeypatch.setattr(model, "predict", knows_nothing)
    loss = MeanLoss(model, model.mean, codes, np.arange(4), training, 0.0)
    monkeypatch.setattr(loss, "error", lambda difference: left.append(-difference))
    loss(0)
    anatomies = changed_anatomies(model.autoencoder, 0.01, training.seed)
    truth = left[0] * model.code_scale
    # every change of every recording's speaker, and what the codes would be after it
    speakers = codes.speakers @ anatomies.maps + anatomies.offsets[:, None]  # (N, R, K)
    for speaker, segment in zip(given[0], truth, strict=True):
        distance = (speakers - speaker).abs().amax(-1)
        change, recording = divmod(int(distance.argmin()), len(LENGTHS))
        assert distance.min() < 1e-4
        possible = codes.codes[codes.part(recording)] @ anatomies.maps[change]
        assert (segment[:, None] - possible).abs().amax(-1).amin(1).max() < 1e-4
