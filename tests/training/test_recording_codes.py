"""Codes and speakers that stage 1 writes are those that a training would compute."""

from dataclasses import replace

import pytest
import torch

from helpers.quick_utterance import CONFIG, train, write_corpus
from s2r.core.shards import Shards
from s2r.model.autoencoder import Autoencoder
from s2r.preparation.recordings import RecordingSet
from s2r.training.autoencoder import fit_autoencoder
from s2r.training.recording_codes import REGISTRATION, recording_codes

Fitted = tuple[Autoencoder, RecordingSet, RecordingSet]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("coded")


@pytest.fixture(scope="module")
def fitted(folder) -> Fitted:
    """The autoencoder of the made-up corpus, and the corpus without and with its codes."""
    recordings = write_corpus(folder)
    paths = folder / "autoencoder.safetensors", folder / "codes.h5"
    model = fit_autoencoder(CONFIG.autoencoder, recordings, paths[0], codes_path=paths[1])
    return model, recordings, replace(recordings, codes=Shards([paths[1]]))


@pytest.mark.parametrize("set_name", ["train", "validation"])
def test_stored_codes_are_those_that_are_computed(fitted, set_name, monkeypatch):
    model, computed, stored = fitted
    names = computed.members(set_name)
    assert names
    codes, speakers = recording_codes(model, computed, names)
    monkeypatch.setattr(Autoencoder, "speakers", None)  # nothing is registered again
    found, read = recording_codes(model, stored, names)
    assert all(torch.equal(*pair) for pair in zip(codes, found, strict=True))
    assert torch.equal(speakers.reference, read.reference)
    assert torch.equal(speakers.code, read.code)
    for key in REGISTRATION:
        assert torch.equal(getattr(speakers.registration, key), getattr(read.registration, key))


def test_a_recording_without_stored_codes_is_encoded(fitted):
    model, _, stored = fitted
    other = stored.members("unseen_speech")[0]
    names = [*stored.members("train"), other]
    assert other not in stored.codes.recordings
    codes, speakers = recording_codes(model, stored, names)
    assert [len(one) for one in codes] == [stored.length(name) for name in names]
    assert len(speakers.code) == len(names)


def test_a_training_with_stored_codes_is_the_same(fitted, folder):
    _, computed, stored = fitted
    path = folder / "autoencoder.safetensors"
    first = train(computed, path, folder / "computed")
    second = train(stored, path, folder / "stored")
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)
