"""What docs/metrics.md says of the metrics is what the program does."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from helpers.repository import ROOT
from helpers.score_files import row, write_scores
from helpers.spoken_corpus import write_spoken_corpus
from s2r.apps import score_speech
from s2r.config.judges import CONTROL
from s2r.config.systems import SETS, Kind
from s2r.core import units
from s2r.core.phonetics import PHONES
from s2r.corpus.articulators import ARTICULATORS, FIELD_MM
from s2r.corpus.phantom.stimuli import PROFILES
from s2r.corpus.phantom.writer import recording_name
from s2r.corpus.split import make_split
from s2r.corpus.usc75 import parse_stem
from s2r.evaluation import articulator_scores as articulators
from s2r.evaluation import clip_features
from s2r.evaluation.agreement import fit, network, retrieval, scores, train
from s2r.evaluation.data import open_evaluation_data
from s2r.evaluation.metric_list import THINNED
from s2r.evaluation.metrics import articulation, gestures, paired, paired_tests, texture
from s2r.evaluation.metrics import tract_variables as tract
from s2r.evaluation.metrics.statistics import LEVEL
from s2r.evaluation.phones import confusion, decode, recogniser
from s2r.evaluation.phones.times import write_phone_times
from s2r.evaluation.phones.words import ALTERNATIVES
from s2r.evaluation.real_speech.demands import DEMANDS
from s2r.evaluation.real_speech.stage import KINDS
from s2r.evaluation.score import score_system
from s2r.evaluation.words.closure import CLOSURE_SHARE
from s2r.generation.clip_choice import CLIP_LENGTH
from s2r.generation.generated_file import GeneratedWriter, read_generated
from s2r.preparation.recordings import open_recordings
from s2r.preparation.selection import balanced
from s2r.report import differences
from s2r.report.measures import MEASURES
from s2r.report.scores_table import aggregate
from s2r.report.table1 import table1
from s2r.training.video_error import VALIDATION_RECORDINGS

PAGE = (ROOT / "docs" / "metrics.md").read_text()
TEXT = " ".join(PAGE.split())
FRAME = 1000 // units.FRAME_RATE
OTHERS = retrieval.CANDIDATES - 1
OVER_TIME = [part for part in recogniser.Recogniser().time if isinstance(part, torch.nn.Conv1d)]
REACH = 1 + sum(part.kernel_size[0] - 1 for part in OVER_TIME)
LOW, HIGH = tract.OROPHARYNX

STATED = [
    f"Frames are {units.FRAME_SIZE} x {units.FRAME_SIZE}, {units.FRAME_RATE} per second, 0 to 255",
    f"a difference of *d* grey levels is *d* / {units.HALF_RANGE:g}",
    f"A *clip* is ten frames ({CLIP_LENGTH * FRAME} ms)",
    f"bound the {100 * LEVEL:g} % percentile bootstrap over *recordings*",
    f"at most {VALIDATION_RECORDINGS} of them, of all subjects alike",
    f"the logits ({clip_features.FEATURE_DIMENSION}) of an I3D",
    f"below n = {clip_features.FEATURE_DIMENSION} the table warns",
    f"Gaussian window of {paired.SSIM_SIGMA:g} pixels, mean over the frame without its "
    f"{paired.SSIM_RADIUS}-pixel border",
    f"mean over every {THINNED}th frame",
    f"cut into cells of {articulation.CELL} x {articulation.CELL} pixels",
    f"a window of {network.WINDOW} frames ({network.WINDOW * FRAME} ms) of video",
    f"with {network.CONTEXT * FRAME} ms on either side",
    f"of the same recording {train.STRIDE * FRAME} ms away and more",
    f"over {OTHERS} other windows of speech",
    f"The {OTHERS} are up to {retrieval.OTHER_TIMES} other times of the same recording, at least "
    f"{network.WINDOW * FRAME} ms away",
    f"windows of {network.WINDOW * FRAME} ms of {network.SIZE} x {network.SIZE} pixels",
    f"the second as `agreement{CONTROL}`",
    f"among {retrieval.CANDIDATES} windows of speech: itself and the {OTHERS} above",
    f"From 0 to 1; chance is {1 / retrieval.CANDIDATES:g}",
    f"It is of {network.DIMENSION} dimensions",
    f"at most {scores.MOST_WINDOWS}, without any further video",
    f"multiplied by the square root of {network.DIMENSION}",
    f"At most {scores.FRECHET_RESAMPLES} bootstrap samples of the Fréchet distance",
    f"1 is best, chance 1/{ALTERNATIVES}",
    f"above half the Nyquist frequency ({texture.HALF_NYQUIST:g} cycles per pixel)",
    f"from 1; chance is {(retrieval.CANDIDATES + 1) / 2:g}",
    f"distance of the tongue from the first {100 * tract.ALVEOLAR_SHARE:g} % of the palate",
    f"between {100 * LOW:g} % and {100 * HIGH:g} % of its length from below",
    f"the true degree is below {gestures.CONSTRICTED_MM:g} mm",
    f"a standard deviation above {articulators.MOVING_MM:g} mm",
    f"that is below {gestures.CONSTRICTED_MM:g} mm, or a maximum of the velum's opening, with a "
    f"prominence of {gestures.LEAST_SIZE_MM:g} mm or more",
    f"at most {1000 * gestures.WINDOW_S:g} ms apart",
    f"(gestures are sought within {1000 * gestures.WINDOW_S:g} ms",
    f"One pixel is {FIELD_MM / units.FRAME_SIZE:.1f} mm",
    f"exact up to {paired_tests.MOST_EXACT}: the share",
    f"where `p_holm` is below {differences.SURE:g}",
    f"The place: {100 * CLOSURE_SHARE:g} % of the frame",
    f"in {recogniser.SIDE} x {recogniser.SIDE} pixels, how each frame differs",
    f"into {recogniser.FEATURES} numbers, another over time ({REACH * FRAME} ms) these into "
    f"probabilities of rest and {len(PHONES) - 1} phones",
    f"to another one costs {decode.CHANGE_COST:g} in log-probability",
    f"`{score_speech.DEFAULT_INSTRUMENT}`, which rule `agreement` makes",
    "**Contours.** `" + "`, `".join(ARTICULATORS[:-1]) + f"` and `{ARTICULATORS[-1]}`",
]


@pytest.mark.parametrize("statement", STATED)
def test_the_page_states_the_numbers_of_the_program(statement):
    assert statement in TEXT


def test_words_for_numbers_are_right():
    assert CLIP_LENGTH == articulation.LARGEST_LAG == retrieval.LARGEST_SHIFT == 10
    assert ALTERNATIVES - 1 == 7 and score_speech.SHORTEST == 1
    factors = {measure.stem: measure.factor for measure in MEASURES}
    shown = ("error", "phone_error_rate", "word_identification")
    assert [factors[stem] for stem in shown] == [1000, 100, 100]


def test_systems_stand_in_the_order_of_their_kinds():
    named = re.findall(r"^\| `[\w<>-]+` \| `(\w+)` \|", PAGE, re.M)
    assert named == [kind.value for kind in Kind]


def test_the_best_model_is_that_of_the_samples_words_report_and_rating():
    for script in ("model", "samples", "words", "rating", "report_pages", "report_figures"):
        assert "best_system(" in (ROOT / f"workflow/scripts/{script}.py").read_text(), script
    for rule in ("model", "samples", "words", "rating"):
        text = (ROOT / f"workflow/rules/{rule}.smk").read_text()
        assert not re.search("REPLICATES|_SEEDS", text), f"{rule}: of further seeds"


def test_n_is_the_smallest_number_of_clips_and_the_note_has_the_checksum(tmp_path):
    (file,) = write_scores(tmp_path, "m", "model", {0: []}, {0: 300.0})
    long = aggregate([file])
    assert "sha256 " + "ab" * 32 in long["note"].item()
    fewer = long.assign(set="unseen_subject", n=20)
    assert table1(pd.concat([long, fewer]))["n"].tolist() == [20]


def test_distances_are_of_the_first_draw_of_every_clip(tmp_path):
    draws = np.random.default_rng(0).integers(0, 255, (2, 3, 10, 8, 8), dtype=np.uint8)
    with GeneratedWriter(tmp_path / "g.h5", system="m", kind=Kind.MODEL) as writer:
        writer.clips("a", [10, 20], draws)
    real = clip_features.RealFeatures({"s": [("a", 10), ("a", 20)]}, {"s": np.eye(2)}, "")
    asked = []
    distance = clip_features.ClipDistance(real, lambda shown: asked.append(shown) or np.eye(2))
    with read_generated(tmp_path / "g.h5") as content:
        clip_features.clip_distances(content, "s", distance, 2, 0)
    np.testing.assert_array_equal(asked[0], draws[:, 0])


def test_opposite_offsets_cancel_but_not_in_their_size():
    found = [retrieval.Match(0, np.ones(1), 100, offset) for offset in (40.0, -40.0, np.nan)]
    values = scores._scores(found)
    assert (values["sound_offset"], values["sound_offset_size"]) == (0, 40)


def test_what_is_usual_is_5_to_95_per_cent_of_the_validation_recordings():
    rng = np.random.default_rng(0)
    known = {name: rng.standard_normal((2, 40, 6)).astype(np.float32) for name in "abcde"}
    recordings = SimpleNamespace(
        embeddings=SimpleNamespace(failed={}),
        members=lambda name: list(known) if name == "validation" else [],
        embedded=lambda name: known[name][0],
        video=lambda name: known[name][1],
    )
    instrument = SimpleNamespace(video=lambda frames: frames, speech=lambda speech: speech)
    usual = fit.usual_values(instrument, recordings)
    own = [retrieval.match(video, speech, speech[:0]).agreement for speech, video in known.values()]
    assert usual.own == pytest.approx(np.quantile(own, [0.05, 0.5, 0.95]))


def lips(aperture: np.ndarray) -> articulators.Articulation:
    """Two flat lips, so far apart (T,) mm."""
    lines = np.zeros((2, len(aperture), 4, 2))
    lines[..., 0] = np.arange(4)
    lines[1, :, :, 1] = aperture[:, None]
    return articulators.Articulation({"upper_lip": lines[0], "lower_lip": lines[1]})


def test_a_gesture_of_half_the_prominence_is_found_however_wide():
    dip = np.exp(-(((np.arange(100) - 50) / 5) ** 2))
    true = lips(6 - 3 * dip)
    half = gestures.LEAST_SIZE_MM / 2
    for size, share in ((1.2 * half, 1), (0.8 * half, 0)):
        found = articulators.articulator_scores(true, lips(20 - size * dip))
        assert found["gesture_found", "lip_aperture"][0] == share


def test_a_gesture_is_reached_after_four_fifths_of_the_way():
    course = np.abs(np.arange(101) - 50) / 5
    (reached,) = gestures.gestures(course, -1, gestures.LEAST_SIZE_MM)
    assert reached == pytest.approx(0.8 * 50 / units.FRAME_RATE)


def test_audio_gap_and_distances_are_in_no_differences(tmp_path):
    names = [f"r{number}" for number in range(6)]
    shown = [measure for measure in MEASURES if not measure.metric.endswith(("fvd", "kvd"))]
    values = [
        row(m.metric, m.region, name, 0.1 * place, mode=m.mode, estimate=estimate)
        for m in shown
        for place, name in enumerate(names)
        for estimate in ("draw", "mean")
    ]
    files = write_scores(tmp_path, "a", "model", {0: values}, {0: 1.0})
    files += write_scores(tmp_path, "b", "model", {0: values}, {0: 2.0})
    table = differences.differences(files)
    columns = [column for m in shown if m.stem != "audio_gap" for column in m.columns()]
    assert list(dict.fromkeys(table["measure"])) == columns
    assert table["p_seeds"].isna().all() and (table["better"] == "").all()


def test_p_is_the_larger_and_the_variance_not_below_that_of_either_factor():
    rng = np.random.default_rng(0)
    for _ in range(40):
        scale = rng.uniform(0, 2, 3)
        table = scale[0] * rng.normal(size=(6, 1)) + scale[1] * rng.normal(size=(1, 3))
        table = table + scale[2] * rng.normal(size=(6, 3))
        found = paired_tests.paired_difference(table)
        assert found.p == max(found.p_recordings, found.p_seeds)
        variance, _ = paired_tests._variance_of_mean(table)
        for axis, count in ((1, 6), (0, 3)):
            assert variance >= table.mean(axis=axis).var(ddof=1) / count * (1 - 1e-9)


@pytest.fixture
def spoken(tmp_path):
    """Recordings with known phones, a recogniser that looks at nothing, and two draws of each."""
    files = write_spoken_corpus(tmp_path) | {"phone_times": tmp_path / "times.csv"}
    path, sets = files["phone_times"], ["unseen_subject"]
    write_phone_times(open_recordings(files), sets=sets, transcripts={}, path=path)
    recogniser.save_recogniser(recogniser.Recogniser(), tmp_path / "phones.safetensors")
    data = open_evaluation_data(files | {"recogniser": tmp_path / "phones.safetensors"})
    with GeneratedWriter(tmp_path / "m.h5", system="m", kind=Kind.MODEL) as writer:
        for name in ("a", "b", "c"):
            writer.rollout(name, np.stack([data.video(name)] * 2))
    return data, tmp_path / "m.h5"


def test_phones_are_read_off_draws_and_not_off_their_mean(spoken, tmp_path, monkeypatch):
    data, file = spoken
    monkeypatch.setattr("s2r.evaluation.score.clip_distances", lambda *_: {})
    path = tmp_path / "m.json"
    score_system(data, None, system="m", generated={"unseen_subject": file}, path=path)
    table = aggregate([path], resamples=5)
    assert set(table["estimate"]) == {"draw", "mean"}
    assert set(table.loc[table["region"] == "phones", "estimate"]) == {"draw"}


def test_confusions_are_of_the_first_draw(spoken):
    data, file = spoken
    seen = []

    def predict(videos):
        seen.append(len(videos))
        return np.zeros((len(videos), videos.shape[1], len(PHONES)))

    read = replace(data, phones=replace(data.phones, recogniser=SimpleNamespace(predict=predict)))
    table = confusion.count_confusions(read, {("m", "unseen_subject"): file})
    assert set(seen) == {1} and set(table["system"]) == {"m", "real"}


def test_the_default_generates_few_vcvs_and_listed_words_of_unseen_subjects(default_config):
    profile, block = PROFILES["default"], dict(default_config["split"])
    subjects = range(1, profile.speakers + 1)
    names = [recording_name(n, *recording) for n in subjects for recording in profile.recordings]
    index = pd.DataFrame(map(parse_stem, names)).assign(status="ok", silent="")
    styles = block.pop("training_styles")
    split = make_split(index, train_styles=styles, **block)
    held = set(default_config["words"]["stimuli"])
    count, most = {}, default_config["evaluation"]["recordings"]
    for name in SETS:
        chosen = balanced(split[split["set"] == name], most)
        count[name] = int(chosen["stimulus"].isin(held).sum())
    assert count == {"unseen_speech": 0, "unseen_subject": 8, "unseen_both": 0}
    assert "In the default only `unseen_subject` has them, in few recordings" in TEXT


def test_degradations_have_the_steps_of_the_page(benchmark_module):
    known = {d.name: d.steps for d in benchmark_module("degradations").DEGRADATIONS}
    for name, words in {
        "noise": "noise (standard deviation {} grey levels)",
        "blur": "blur (Gaussian, {} pixels)",
        "delay": "a delay ({} frames)",
        "jitter": "trembles by a standard deviation of {} pixels)",
        "drift": "it has moved by {} pixels at the end)",
    }.items():
        assert words.format(", ".join(f"{step:g}" for step in known[name])) in TEXT
    assert known["frozen tongue"] == (0.25, 0.5, 1)


def test_demands_and_kinds_of_speech_are_those_of_the_program():
    for name, demand in DEMANDS.items():
        extreme = "largest" if demand.widest else "least"
        phones, like = " ".join(demand.phones), " ".join(demand.like)
        cells = f"| `{name}` | {phones} | {extreme} `{demand.variable}` | {like}"
        assert f"{cells} |".replace("  ", " ") in TEXT
    assert re.findall(r"\* `(\w+)`: ", TEXT) == list(KINDS)
