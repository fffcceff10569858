"""The released protocol: the split that leaks, the switches and what each of them does."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from helpers.tiny_corpus import write_tiny_corpus
from s2r.config.build import build
from s2r.config.model_blocks import SamplerConfig
from s2r.config.parameters import encoder_settings, run_settings
from s2r.config.presets import RUN_SWITCHES
from s2r.config.result_blocks import GenerationConfig
from s2r.config.systems import SETS, evaluation_sets
from s2r.config.window_blocks import TrainingConfig
from s2r.core.errors import UserError
from s2r.corpus.phantom.stimuli import STIMULI
from s2r.corpus.released_split import leaks, released_split
from s2r.evaluation.metrics.texture import motion_energy
from s2r.generation import window_videos as rollout_module
from s2r.generation.generate import read_pictures, set_tasks
from s2r.generation.window_videos import WindowVideos, generate_videos
from s2r.model.denoiser import DenoiserConfig
from s2r.model.ema import averaged
from s2r.model.family import VideoTask
from s2r.model.window import Window
from s2r.model.window_model import ModelConfig, WindowModel, model_config
from s2r.training.fitting import prepare, window_tensors

ALL = tuple(STIMULI.values())
PAPER = {"encoder": "logmel", "pooling": True, "preset": "paper"}
SMALL = DenoiserConfig(channels=(8, 16), patch=2, condition=16, heads=2)


def corpus(subjects: int = 75, stimuli=ALL, without=()) -> pd.DataFrame:
    rows = [
        {
            "recording": f"sub{subject:03d}_2drt_{stimulus.stem(repetition)}",
            "subject": f"sub{subject:03d}",
            "stimulus": stimulus.name,
            "style": stimulus.style,
        }
        for subject in range(1, subjects + 1)
        for stimulus in stimuli
        for repetition in stimulus.repetitions
    ]
    table = pd.DataFrame(rows).assign(silent="")
    return table.assign(status=np.where(table["recording"].isin(without), "defect", "ok"))


def test_test_sets_overlap_and_training_leaks():
    recordings = corpus()
    assert len(recordings) == 75 * 32
    split = released_split(recordings)
    sets = {name: group for name, group in split.groupby("set")}
    assert {name: len(group) for name, group in sets.items()} == {
        "train": 1680,
        "unseen_speech": 300,
        "unseen_subject": 448,
        "unseen_both": 70,
    }
    assert sets["unseen_subject"]["subject"].nunique() == 14
    assert "sub070" not in set(sets["unseen_subject"]["subject"])
    found = {text.split()[1]: [] for text in leaks(split, recordings)}
    for text, numbers in leaks(split, recordings).items():
        found[text.split()[1]].append(numbers)
    assert found == {
        "train": [(360, 1680)],
        "unseen_speech": [(60, 300)],
        "unseen_subject": [(308, 448)],
        "unseen_both": [(70, 70), (14, 70)],
    }


def test_a_missing_file_moves_a_topic_into_training():
    gone = ["sub003_2drt_05_shibboleth_r1", "sub003_2drt_05_shibboleth_r2"]
    split = released_split(corpus(without=gone))
    train = split[(split["set"] == "train") & (split["subject"] == "sub003")]
    assert {"topic2", "topic3"} <= set(train["stimulus"])
    assert len(train) == 28


def test_recordings_without_sound_change_no_other_set():
    recordings = corpus(10)
    silent = recordings.groupby("subject").head(1).assign(silent="no audio: ...")
    topics = recordings[recordings["stimulus"] == "topic2"].assign(silent="no audio: ...")
    for table, name in ((silent, "silent"), (topics, "topic2")):
        table["recording"] += f"_{name}"
    split = released_split(pd.concat([recordings, silent, topics]))
    own = split[split["set"] == "silent"]
    assert own["recording"].tolist() == sorted(silent["recording"])[:8]
    rest = split[split["set"] != "silent"].reset_index(drop=True)
    assert rest.equals(released_split(recordings))


def test_small_corpus_keeps_the_proportions_and_no_topic_is_an_error():
    stimuli = [STIMULI[name] for name in ("picture1", "topic1", "topic2")]
    split = released_split(corpus(10, stimuli))
    assert set(split["set"]) == {"train", *SETS}
    assert set(split.loc[split["set"] == "train", "subject"]) == {
        f"sub{i:03d}" for i in range(1, 9)
    }
    with pytest.raises(UserError, match=r"paper_compat\.split: the set unseen_speech is empty"):
        released_split(corpus(10, [STIMULI["bvt"], STIMULI["rainbow"]]))


def test_switches_act_on_runs_of_the_paper_preset_only(default_config):
    before = {run: run_settings(default_config, run) for run in default_config["runs"]}
    default_config["runs"]["old"] = PAPER
    plain = run_settings(default_config, "old")
    default_config["paper_compat"] |= dict.fromkeys(RUN_SWITCHES, True)
    assert {run: run_settings(default_config, run) for run in before} == before
    settings = run_settings(default_config, "old")
    model = model_config(settings)
    assert model.window == Window(1, 10, repeats=True)
    assert (model.raw_condition, model.pooling, settings["pooling"]) == (True, False, True)
    assert model_config(plain).pooling
    assert build(TrainingConfig, settings["training"]).ema_length < 1e-5
    default_config["runs"]["old"] = PAPER | {"training": {"ema_length": 0.05}}
    assert run_settings(default_config, "old")["training"]["ema_length"] == 0.05


def test_split_and_encoder_switches_reach_their_stages(default_config):
    default_config["encoders"]["wavlm"] = {"kind": "huggingface", "model": "a/b"}
    default_config["split"]["unseen_subjects"] = 0
    assert evaluation_sets(default_config) == ["unseen_speech"]
    assert "as_wav2vec2" not in encoder_settings(default_config, "wavlm")
    default_config["paper_compat"] |= {"split": True, "encoder_class": True}
    assert evaluation_sets(default_config) == list(SETS)
    assert encoder_settings(default_config, "wavlm")["as_wav2vec2"] is True
    assert "as_wav2vec2" not in encoder_settings(default_config, "logmel")


def test_pooling_over_the_batch_axis_is_a_no_op():
    torch.manual_seed(0)
    speech = torch.randn(1, 10, 7)
    assert torch.equal(speech.mean(dim=0).unsqueeze(0), speech)
    condition = {}
    for pooling in (False, True):
        config = paper_model(Window(1, 9), pooling=pooling)
        config = replace(config, denoiser=replace(SMALL, speech_dimension=7))
        condition[pooling] = WindowModel(config, 7, 7).speech_condition(speech[:, :, None])
    assert torch.equal(condition[False], speech)
    assert not torch.equal(condition[True], speech)


def test_last_weights_are_not_averaged():
    model = torch.nn.Linear(2, 2)
    average = averaged(model, RUN_SWITCHES["last_weights"]["training"]["ema_length"])
    for step in range(50):
        with torch.no_grad():
            model.weight.fill_(float(step))
        average.update_parameters(model)
    average.n_averaged.fill_(20_000)
    with torch.no_grad():
        model.weight.fill_(7.5)
    average.update_parameters(model)
    assert torch.equal(average.module.weight, model.weight)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    torch.set_num_threads(1)
    return write_tiny_corpus(tmp_path_factory.mktemp("corpus"))


def paper_model(window: Window, **options) -> ModelConfig:
    return ModelConfig(speech_radius=0, window=window, denoiser=SMALL, **options)


def test_given_frame_is_the_first_frame_of_the_clip_itself(tiny, tmp_path):
    quick = TrainingConfig(speech_dimensions=4)
    for window, same in ((Window(1, 10, repeats=True), True), (Window(1, 9), False)):
        prepared = prepare(paper_model(window), quick, tiny, tmp_path)
        picked = np.array([0, 3]), np.array([5, 20])
        video, _ = window_tensors(prepared.model, prepared.clips, *picked)
        assert torch.equal(video[:, 0], video[:, 1]) is same


def test_raw_condition_is_grey_from_zero_to_one(tiny, tmp_path):
    quick = TrainingConfig(speech_dimensions=4)
    plain, raw = (
        prepare(paper_model(Window(1, 9), raw_condition=on), quick, tiny, tmp_path)
        for on in (False, True)
    )
    window = (np.array([0]), np.array([9]))
    video, condition = window_tensors(raw.model, raw.clips, *window)
    encoded, usual = raw.model.encode(video), plain.model.encode(video)
    assert torch.equal(encoded[:, 1:], usual[:, 1:])
    seen = []
    raw.model.denoiser.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    sigma, keep = torch.full(video.shape[:2], 0.002), torch.ones(1, 1, dtype=bool)
    raw.model.denoise(encoded, sigma, condition, keep)
    torch.testing.assert_close(seen[0][:, 0], (video[:, 0] + 1) / 2, atol=1e-4, rtol=1e-4)
    assert video.min() < 0 <= seen[0][:, 0].min()


def test_a_frame_is_repeated_at_every_window_boundary(monkeypatch):
    """A network that has learned perfectly what the windows show, given frame first."""

    def perfect(model, sampler, given, condition, noise):
        numbers = condition[:, model.config.window.context :, 0].clone()
        numbers[:, 0] = given[:, -1, 0, 0, 0]
        return numbers[:, :, None, None, None].expand(-1, -1, 1, 16, 16)

    monkeypatch.setattr(rollout_module, "generate_window", perfect)
    config = paper_model(Window(1, 10, repeats=True))
    config = replace(config, denoiser=replace(SMALL, speech_dimension=1))
    numbers = np.linspace(-1, 1, 41, dtype=np.float32)
    task = VideoTask(numbers[:, None], np.full((16, 16), -1, np.float32), 0)
    (video,) = generate_videos(WindowModel(config, 1, 1), [task], SamplerConfig())
    shown = np.round((numbers + 1) * 127.5).astype(int)
    shown[10::10] = shown[9:-1:10]
    assert video[:, 0, 0].tolist() == shown.tolist()
    assert motion_energy(video)[9::10].tolist() == [0, 0, 0, 0]
    assert motion_energy(video)[10] > 3.5 * motion_energy(video)[5]


def test_clips_are_given_their_own_true_first_frame(tiny, tmp_path):
    quick = TrainingConfig(speech_dimensions=4)
    for repeats in (True, False):
        window = Window(1, 10, repeats=repeats)
        trained = prepare(paper_model(window), quick, tiny, tmp_path).model
        model = WindowVideos(trained, SamplerConfig())
        tasks = set_tasks(model, tiny, "unseen_speech", GenerationConfig(draws=1, clips=3))
        for recording, clips in tasks.clips.items():
            for task in clips:
                place = task.first if repeats else task.first - 1
                expected = read_pictures(tiny, recording, place, place + 1)[0]
                assert np.array_equal(task.context[-1], expected)
