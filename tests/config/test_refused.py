"""What a configuration may not hold, and how it is said."""

import math

import pytest

from helpers.repository import ROOT
from helpers.settings import NEW_RUN, PAPER_RUN, change
from s2r.config.check import complete
from s2r.config.files import read_files
from s2r.core.errors import UserError
from s2r.generation.clip_choice import CLIP_CONTEXT, CLIP_LENGTH

ERRORS = {
    "misspelt key": ({"split/unseen_subject": 2}, "split.unseen_subject: ", "unseen_subjects?"),
    "misspelt block": ({"trainning": {}}, "trainning: ", "did you mean training?"),
    "key in the wrong place": ({"batch": 8}, "batch: ", "top-level keys are device"),
    "misspelt key of a run": (
        {"runs/logmel/training": {"clip": 5}},
        "runs.logmel.training.clip: ",
        "did you mean runs.logmel.training.clips?",
    ),
    "wrong type": ({"training/batch": "eight"}, "training.batch: ", "a whole number, not 'eight'"),
    "number read as text": ({"training/learning_rate": "1e-3"}, "training.learning_rate", "1.0e-3"),
    "truth value for a number": ({"evaluation/draws": True}, "evaluation.draws: ", "whole number"),
    "block for a value": ({"device": {"cpu": 1}}, "device: ", "one of auto, cpu, cuda"),
    "value for a block": ({"frames": 64}, "frames: ", "a block of keys, not 64"),
    "too small": ({"recordings/shards": 0}, "recordings.shards: ", "at least 1, not 0"),
    "not above": ({"training/learning_rate": 0}, "training.learning_rate: ", "above 0, not 0"),
    "offset that is no number": (
        {"recordings/audio_offset": "estimated"},
        "recordings.audio_offset: ",
        "'estimated' cannot be used, Delay of the sound",
    ),
    "block for an offset": (
        {"recordings/audio_offset": {}},
        "recordings.audio_offset: ",
        "must be a number or a text, not {}",
    ),
    "pattern that is none": (
        {"corpus/kind": "usc75", "corpus/path": "usc", "recordings/exclude_notes": ["("]},
        "recordings.exclude_notes: ",
        "'(' is not a regular expression",
    ),
    "notes without a metafile": (
        {"recordings/exclude_notes": ["artifact"]},
        "recordings.exclude_notes: ",
        "only corpus.kind usc75 has a metafile",
    ),
    "not a multiple": ({"frames/size": 70}, "frames.size: ", "multiple of 4, such as 68 or 72"),
    "unknown choice": ({"sampler/solver": "euler"}, "sampler.solver: ", "dpm_solver, heun"),
    "list too short": ({"frames/percentiles": [1]}, "frames.percentiles: ", "at least 2"),
    "same entry twice": ({"split/training_styles": ["scripted"] * 2}, "split.training_", "twice"),
    "missing key": ({"runs/mine": {"encoder": "logmel"}}, "runs.mine.pooling: ", "missing"),
    "bad name": ({"runs/my run": NEW_RUN}, "runs: 'my run'", "letters, digits"),
    "command for a name": ({"runs/a; touch x": NEW_RUN}, "runs: 'a; touch x'", "letters, digits"),
    "command in a name": ({"encoders/$(touch x)": {}}, "encoders: '$(touch x)'", "letters, digits"),
    "quote in a name": ({"runs/it's": NEW_RUN}, 'runs: "it\'s"', "letters, digits"),
    "line end in a name": ({"runs/mine\n": NEW_RUN}, "runs: 'mine\\n'", "letters, digits"),
    "braces in a path": ({"pathvars/results": "{x}"}, "pathvars.results: '{x}'", "without braces"),
    "path of nothing": ({"pathvars/logs": "<y>/logs"}, "pathvars.logs: '<y>/logs'", "<results>"),
    "path with line end": ({"pathvars/results": "a\n"}, "pathvars.results: 'a\\n'", "cannot be"),
    "layer": ({"encoders/logmel/layer": "last"}, "encoders.logmel.layer: ", "cannot be used"),
    "no runs": ({"runs": {"logmel": None}}, "runs: ", "at least 1"),
    "all subjects held out": ({"split/unseen_subjects": 24}, "split.unseen_subjects: ", "24"),
    "stimulus held out twice": (
        {"split/validation_stimuli": ["topic1"]},
        "split.validation_stimuli: topic1",
        "split.unseen_stimuli",
    ),
    "nothing held out": (
        {"split/unseen_subjects": 0, "split/unseen_stimuli": []},
        "split.unseen_stimuli: ",
        "nothing is held out",
    ),
    "unknown encoder": (
        {"runs/mine": NEW_RUN | {"encoder": "hubert"}},
        "runs.mine.encoder: 'hubert'",
        "logmel, whisper-tiny.en",
    ),
    "name of a baseline": ({"runs/mean_frame": NEW_RUN}, "runs.mean_frame: ", "baseline"),
    "name of a recurrent one": ({"runs/recurrent-x": NEW_RUN}, "runs.recurrent-x: ", "baseline"),
    "name of noise around a mean": (
        {"runs/gaussian-x": NEW_RUN},
        "runs.gaussian-x: ",
        "baseline",
    ),
    "recurrent regression as a run": (
        {"runs/x": NEW_RUN | {"preset": "recurrent"}},
        "runs.x.preset: ",
        "in recurrent.encoders",
    ),
    "recurrent from nothing": (
        {"recurrent/encoders": ["hubert"]},
        "recurrent.encoders: 'hubert'",
        "logmel, whisper-tiny.en",
    ),
    "path of the phantom": ({"corpus/path": "videos"}, "corpus.path: ", "data/phantom"),
    "contours of the phantom": (
        {"corpus/contours/path": "traced"},
        "corpus.contours.path: ",
        "has contours of its own",
    ),
    "contours in pixels of unknown size": (
        {"corpus/kind": "folder", "corpus/path": "videos", "corpus/contours/path": "traced"},
        "corpus.contours.pixel_mm: ",
        "how many mm a pixel",
    ),
    "unknown articulator": (
        {"corpus/contours/articulators": {"Nase": "nose"}},
        "corpus.contours.articulators.Nase: ",
        "tongue",
    ),
    "no path": ({"corpus/kind": "folder"}, "corpus.path: ", "folder of your recordings"),
    "pattern without group": (
        {
            "corpus/kind": "folder",
            "corpus/path": "videos",
            "corpus/folder/pattern": "(?P<subject>.+)",
        },
        "corpus.folder.pattern: ",
        "stimulus",
    ),
    "pattern is no expression": (
        {"corpus/kind": "folder", "corpus/path": "videos", "corpus/folder/pattern": "("},
        "corpus.folder.pattern: ",
        "not a regular expression",
    ),
    "unknown kind of encoder": (
        {"encoders/mine": {"kind": "hubert"}},
        "encoders.mine.kind: 'hubert'",
        "huggingface, logmel, whisper",
    ),
    "unknown preset": (
        {"runs/mine": NEW_RUN | {"preset": "s2r2"}},
        "runs.mine.preset: 's2r2'",
        "s2r, paper",
    ),
    "settings of a preset": (
        {"runs/mine": NEW_RUN | {"settings": {"width": 3}}},
        "runs.mine.settings: ",
        "takes the blocks",
    ),
    "number that is whole but no integer": (
        {"training/batch": 4.0},
        "training.batch: ",
        "a whole number, not 4.0",
    ),
    "model without a network": (
        {"encoders/mine": {"kind": "logmel", "model": "x"}},
        "encoders.mine.model: ",
        "has none; remove it",
    ),
    "layer without a network": (
        {"encoders/mine": {"kind": "logmel", "layer": 2}},
        "encoders.mine.layer: ",
        "has no layers",
    ),
    "revision without a model": (
        {"encoders/mine": {"kind": "whisper", "revision": "main"}},
        "encoders.mine.revision: ",
        "without a model",
    ),
    "model missing": (
        {"encoders/hubert": {"kind": "huggingface"}},
        "encoders.hubert.model: ",
        "hub name",
    ),
    "run to rate": ({"rating/run": "hubert"}, "rating.run: 'hubert'", "logmel, whisper-tiny.en"),
    "percentiles": ({"frames/percentiles": [99, 1]}, "frames.percentiles: ", "below"),
    "noise levels": ({"sampler/sigma_min": 90}, "sampler.sigma_min: ", "runs.logmel"),
    "guidance": ({"sampler/guidance_interval": [5, 1]}, "sampler.guidance_interval: ", "below"),
    "nothing given": ({"window/context": 0}, "window.context: ", "at least 1, not 0"),
    "batch for several GPUs": (
        {"runs/logmel": PAPER_RUN, "gpus": 3},
        "gpus: ",
        "training.batch of runs.logmel",
    ),
    "heads": (
        {"runs/old": PAPER_RUN, "denoiser/channels": [64, 90]},
        "denoiser.heads: ",
        "90 channels",
    ),
    "silent recordings without preset s2r": (
        {
            "runs": {"old": NEW_RUN | {"preset": "paper"}},
            "encoders": {"logmel": {"kind": "logmel"}},
            "recurrent/encoders": [],
            "corpus/silent": "use",
        },
        "corpus.silent: ",
        "preset paper",
    ),
    "switch without the preset": (
        {"paper_compat/raw_condition": True},
        "paper_compat.raw_condition: ",
        "preset paper",
    ),
    "switch without pooling": (
        {"runs/old": PAPER_RUN, "paper_compat/batch_pooling": True},
        "paper_compat.batch_pooling: ",
        "pooling: true",
    ),
    "switch without encoder": (
        {"paper_compat/encoder_class": True},
        "paper_compat.encoder_class: ",
        "kind huggingface",
    ),
    "released split of a folder": (
        {"corpus/kind": "folder", "corpus/path": "videos", "paper_compat/split": True},
        "paper_compat.split: ",
        "usc75 or phantom",
    ),
    "condition frame and context": (
        {
            "runs/old": PAPER_RUN | {"window": {"context": 2}},
            "paper_compat/condition_frame": True,
        },
        "paper_compat.condition_frame: ",
        "runs.old",
    ),
    "size that the published set-up cannot fold into patches": (
        {"runs/old": PAPER_RUN, "frames/size": 84},
        "denoiser.channels: ",
        "multiple of 8, such as 80 or 88, not 84, in runs.old",
    ),
    "heads at a resolution with attention to speech only": (
        {"runs/old": PAPER_RUN, "denoiser/channels": [50, 96], "denoiser/attention_from": 2},
        "denoiser.heads: ",
        "4 heads cannot share 50 channels",
    ),
    "more context than a clip has": ({"window/context": 11}, "window.context: ", "at most 10"),
    "window longer than the shortest recordings": (
        {"runs/old": PAPER_RUN | {"window": {"new": 21}}},
        "window.new: 21 frames",
        "recordings.minimum_frames, 20",
    ),
    "patch of one pixel": ({"denoiser/patch": 1}, "denoiser.patch: ", "one of 2, 4, 8, not 1"),
    "blocks without end": (
        {"denoiser/blocks": 10**9},
        "denoiser.blocks: ",
        "at most 16, not 1000000000",
    ),
    "seed of more than 32 bits": ({"seeds": [2**63]}, "seeds.0: ", "at most 4294967295, not"),
    "the seed of a block": ({"mean/seed": 3}, "mean.seed: there is no such", "did you mean seeds?"),
    "the same seed twice": ({"seeds": [0, 1, 0]}, "seeds: ", "the same entry twice"),
    "no seed": ({"seeds": []}, "seeds: ", "at least 1 in the list"),
    "a run without a seed": ({"runs/logmel/seeds": []}, "runs.logmel.seeds: ", "at least 1 in"),
    "a seed that is no list": ({"seeds": 3}, "seeds: ", "must be a list, not 3"),
    "mark of a seed in a name": ({"runs/a@1": NEW_RUN}, "runs: 'a@1'", "letters, digits"),
    "infinite number": ({"sampler/guidance_scale": math.inf}, "sampler.guidance_", "not infinite"),
    "no number": ({"sampler/sigma_max": math.nan}, "sampler.sigma_max: ", "not infinite, not nan"),
    "noise levels that are one number": (
        {"sampler/sigma_min": 7.9},
        "sampler.sigma_min: ",
        "at least 1.1 times as large",
    ),
    "run named as the real videos": ({"runs/real": NEW_RUN}, "runs.real: ", "real videos"),
    "run named by a number": ({"runs": {5: NEW_RUN}}, "runs: the name 5", "in quotes"),
    "run named by a truth value": ({"runs": {True: NEW_RUN}}, "runs: the name True", "in quotes"),
    "name too long for files": ({f"runs/{'a' * 101}": NEW_RUN}, "runs: 'aaa", "more than 100"),
    "layer that tiny.en does not have": (
        {"encoders/whisper-tiny.en/layer": 5},
        "encoders.whisper-tiny.en.layer: ",
        "0 to 4, not 5",
    ),
    "layers of which tiny.en lacks one": (
        {"encoders/whisper-tiny.en/layer": [2, 6]},
        "encoders.whisper-tiny.en.layer: ",
        "0 to 4, not 6",
    ),
    "layers without a number": (
        {"encoders/whisper-tiny.en/layer": []},
        "encoders.whisper-tiny.en.layer: ",
        "at least 1",
    ),
    "more codes than pixels": (
        {"frames/size": 16, "autoencoder/codes": 257},
        "autoencoder.codes: ",
        "at most 256, not 257",
    ),
    "grey levels that are all black or white": (
        {"frames/percentiles": [0, 49]},
        "frames.percentiles: ",
        "by at least 50",
    ),
    "suffix without a name": (
        {"corpus/folder/suffixes": ["."]},
        "corpus.folder.suffixes.0: ",
        "a dot and letters",
    ),
    "braces in the path of the corpus": (
        {"corpus/kind": "folder", "corpus/path": "{x}"},
        "corpus.path: '{x}'",
        "no braces",
    ),
    "too many resolutions": (
        {"runs/old": PAPER_RUN, "frames/size": 16, "denoiser/channels": [64] * 4},
        "denoiser.channels: ",
        "multiple of 32, such as 32, not 16",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error_is_one_sentence_with_its_key(default_config, name):
    changes, start, part = ERRORS[name]
    config = change(default_config, changes)
    with pytest.raises(UserError) as error:
        complete(config)
    text = str(error.value)
    assert text.startswith(start)
    assert part in text
    assert "\n" not in text
    assert text.endswith((".", "?"))


def test_unknown_key_is_reported_before_what_it_caused(default_config):
    config = change(default_config, {"split/unseen_subject": 2})
    del config["split"]["unseen_subjects"]
    with pytest.raises(UserError, match=r"split\.unseen_subject: .*split\.unseen_subjects\?"):
        complete(config)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("a: [", "not readable YAML"),
        ("a: 2024-99-99", "not readable YAML"),
        ("- a", "holds no keys"),
    ],
)
def test_files_that_are_no_configuration_are_named(tmp_path, content, words):
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=rf"mine\.yaml .*{words}"):
        read_files([ROOT / "config" / "config.yaml", path])


@pytest.mark.parametrize("size", [64, 84, 96, 128, 136])
def test_sizes_of_pictures_that_recordings_have(default_config, size):
    assert complete(change(default_config, {"frames/size": size}))["frames"]["size"] == size
    if size % 8 == 0:
        assert complete(change(default_config, {"frames/size": size, "runs/old": PAPER_RUN}))


def test_windows_may_be_given_the_frames_that_a_clip_has_before_it(default_config):
    """The bounds of two keys are numbers of the evaluation."""
    for block, keys in (
        ("window", {"context": CLIP_CONTEXT}),
        ("recordings", {"minimum_frames": CLIP_CONTEXT + CLIP_LENGTH}),
    ):
        ((name, value),) = keys.items()
        assert complete(change(default_config, {f"{block}/{name}": value}))
        with pytest.raises(UserError, match=f"{block}.{name}: must be at"):
            step = 1 if block == "window" else -1
            complete(change(default_config, {f"{block}/{name}": value + step}))


def test_a_configuration_that_holds_itself(default_config):
    default_config["words"]["transcripts"] = loop = {}
    loop["a"] = loop
    with pytest.raises(UserError, match=r"words\.transcripts\.a: .*blocks without end"):
        complete(default_config)
