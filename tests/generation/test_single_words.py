"""Where consonants are made, and words generated on their own."""

import numpy as np
import pandas as pd
import pytest
import torch

from helpers.tiny_corpus import DIMENSION, write_tiny_corpus
from helpers.tiny_corpus import SIZE as TINY
from s2r.config.model_blocks import SamplerConfig
from s2r.config.result_blocks import GenerationConfig
from s2r.core.phonetics import Item, Segment
from s2r.evaluation.words.closure import constriction, flanks, middle_of
from s2r.generation import words as single
from s2r.generation.generated_file import read_generated
from s2r.generation.window_videos import WindowVideos
from s2r.model.denoiser import DenoiserConfig
from s2r.model.window import Window
from s2r.model.window_model import ModelConfig, WindowModel


def test_closure_is_between_its_vowels():
    phones = [("B", 0, 0.1), ("Y", 0.1, 0.2), ("UW", 0.2, 0.4), ("CH", 0.4, 0.6), ("IY", 0.6, 0.9)]
    item = Item("x", tuple(Segment(*phone) for phone in phones))
    assert [phone.label for phone in flanks(item, 0)] == ["UW"]
    assert [phone.label for phone in flanks(item, 3)] == ["UW", "IY"]
    assert middle_of(item.phones[0]) == pytest.approx(0.05)
    assert middle_of(item.phones[3]) == pytest.approx(0.45)  # of its stop


def test_constriction_has_degree_and_place():
    wall = np.stack([np.arange(20.0, 37.0), np.zeros(17)], 1)
    tongue = np.stack([np.arange(0, 38, 0.5), np.full(76, 9.0)], 1)
    tongue[60, 1] = 2.0  # at x = 30
    tongue[10, 1] = 0.0  # in the pharynx, at no part of this wall
    degree, place = constriction(tongue, wall)
    assert degree == pytest.approx(2.0)
    assert place.tolist() == [30.0, 0.0]


def test_single_words_are_given_the_true_frames_before_them(tmp_path):
    recordings = write_tiny_corpus(tmp_path)
    torch.manual_seed(0)
    denoiser = DenoiserConfig(channels=(8, 16), patch=2, condition=16, heads=2, speech_dimension=12)
    config = ModelConfig(speech_radius=1, window=Window(3, 6), denoiser=denoiser)
    model = WindowModel(config, dimension=DIMENSION, projected=4)
    model.speech_basis.normal_(std=0.3)
    rows = [
        ("s1_d_01", "word", "bat", 0.0, 0.3),
        ("s1_d_01", "phone", "AE", 0.1, 0.2),
        ("s1_d_02", "vcv", "AA-T-AA", 0.5, 0.71),
    ]
    table = pd.DataFrame(rows, columns=["item", "kind", "label", "start", "end"])
    table = table.assign(recording="s1_d", set="unseen_speech")

    asked = []

    class Watched(WindowVideos):
        def videos(self, tasks, *others):
            asked[:] = tasks
            return super().videos(tasks, *others)

    def generate(path, **changes):
        single.generate_words(
            Watched(model.eval(), SamplerConfig(steps=2, sigma_max=2.0)),
            recordings,
            table,
            {"unseen_speech": path},
            GenerationConfig(draws=2, batch=3),
            {"system": "m"},
            **changes,
        )
        with read_generated(path) as content:
            assert content.attributes["kind"] == "model"
            return {item: content.rollout(item).draws for item in content.rollouts}

    made = generate(tmp_path / "all.h5")
    assert {item: draws.shape for item, draws in made.items()} == {
        "s1_d_01": (2, 15, TINY, TINY),
        "s1_d_02": (2, 11, TINY, TINY),
    }
    assert (made["s1_d_02"][0] != made["s1_d_02"][1]).any()
    assert [task.first for task in asked] == [0, 0, 25, 25]
    assert asked[0].context is None  # nothing comes before the first word
    before = recordings.video("s1_d", 15, 25) / 127.5 - 1
    np.testing.assert_allclose(asked[2].context, before, atol=1e-6)
    few = generate(tmp_path / "few.h5", most=1)
    (item,) = few
    np.testing.assert_array_equal(few[item], made[item])
