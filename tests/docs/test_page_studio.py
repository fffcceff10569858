"""What docs/studio.md says of the studio's page, its defaults, its files and its code."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from packaging.requirements import Requirement
from PIL import Image

from helpers.pages import fenced_blocks
from helpers.repository import ROOT
from helpers.sounds import voice
from helpers.tiny_model import write_tiny_model
from helpers.untrained_probe import write_untrained_probe
from s2r.apps.local_server import address_of
from s2r.apps.overlay import open_probe
from s2r.apps.studio import learner, names, server, sound_picture, video
from s2r.apps.studio.expected import expected_frames
from s2r.apps.studio.panels import Panel, Panels
from s2r.cli import main, parser
from s2r.core.errors import UserError
from s2r.core.media.encode import write_wav
from s2r.core.units import HOP, SAMPLE_RATE
from s2r.generation.model_folder import load_model_folder
from s2r.generation.utterance import UtteranceVideos
from s2r.speech.logmel import WINDOW, log_mel

gradio = pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[studio]'")
pages = pytest.importorskip("s2r.apps.studio.page")
actions = pytest.importorskip("s2r.apps.studio.actions")

FILE = ROOT / "docs/studio.md"
PAGE = " ".join(FILE.read_text().split())
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
MAKEFILE = (ROOT / "Makefile").read_text()
TIME_LINE = (ROOT / "src/s2r/apps/studio/time_line.html").read_text()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return {"tiny": load_model_folder(write_tiny_model(tmp_path_factory.mktemp("m") / "tiny"))}


@pytest.fixture(scope="module")
def page(models, tmp_path_factory):
    return pages.build_page(
        actions.Actions(models, {"tiny": "# tiny"}, tmp_path_factory.mktemp("w"))
    )


def element(page, name):
    return next(one for one in page.blocks.values() if getattr(one, "elem_id", None) == name)


def test_the_model_is_by_default_that_in_results_model(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["studio", "--port", "0"]) == 1
    assert "results/model is not a model folder" in capsys.readouterr().err


def test_the_address_of_the_page_is_the_one_that_is_stated():
    options = parser().parse_args(["studio"])
    address = address_of(options.host, options.port)
    assert f"(`{address}`)" in PAGE
    assert f'Client("{address}")' in PAGE
    assert f"ssh -L {options.port}:{options.host}:{options.port} " in PAGE


def test_gradio_is_an_extra_that_make_installs():
    named = {Requirement(line).name for line in EXTRAS["studio"]}
    assert "gradio" in named
    assert MAKEFILE.count("'.[workflow,studio,dev]'") == 2
    needed = {Requirement(line).name for line in importlib.metadata.requires("gradio")}
    assert "gradio-client" in {name.replace("_", "-") for name in needed}


def test_extras_bring_playwright_and_chromium():
    (extras,) = re.findall(r"^extras:.*\n(?:\t.*\n)+", MAKEFILE, re.M)
    assert "browser]" in extras and "tests/install.sh" in extras
    assert {Requirement(line).name for line in EXTRAS["browser"]} == {"playwright"}
    assert "chromium" in (ROOT / "tests/install.sh").read_text()


def test_speech_is_recorded_chosen_and_cut(page):
    speech = element(page, "speech")
    assert set(speech.sources) == {"upload", "microphone"}
    assert speech.editable is not False  # the scissors
    assert element(page, "film").file_types == ["video"]


def test_qualities_are_balanced_fast_and_best(page):
    assert element(page, "sampler").value == "balanced"
    assert actions.PRESETS == {"balanced": None, "fast": "fast", "best": "best"}
    assert all(f"`{name}`" in PAGE for name in actions.PRESETS)


def test_the_articulators_that_are_named():
    listed = re.search(r"writes their names: ([\w, ]+)\.", PAGE)[1]
    assert set(listed.split(", ")) == set(names.PLACES)


def test_a_probe_that_is_named_takes_the_place_of_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = write_untrained_probe(tmp_path / "own.safetensors")
    found, reason = server._probe_or_reason(None, None)
    assert found is None and "make table1" in reason
    assert server._probe_or_reason(None, own)[0] is not None
    with pytest.raises(UserError, match=r"named\.safetensors"):
        server._probe_or_reason(Path("named.safetensors"), own)
    assert parser().parse_args(["studio", "--probe", "p"]).probe == Path("p")


def test_the_video_is_slowed_down_to_a_tenth_and_stepped_by_frames():
    speeds = [float(value) for value in re.findall(r'<option value="([\d.]+)">', TIME_LINE)]
    assert min(speeds) == 0.1 and max(speeds) == 1
    assert re.findall(r'data-step="(-?1)"', TIME_LINE) == ["-1", "1"]


def test_the_spectrogram_is_that_which_is_stated():
    window = 1000 * sound_picture.WINDOW / SAMPLE_RATE
    assert f"(0 to {SAMPLE_RATE / 2000:g} kHz, {window:g} ms window)" in PAGE


def test_the_cursor_is_red():
    style = (ROOT / "src/s2r/apps/studio/time_line.css").read_text()
    red, green, blue = bytes.fromhex(re.search(r"\.cursor {.*background: #(\w{6})", style)[1])
    assert red > 3 * max(green, blue)
    assert "The red line" in PAGE


def test_a_gif_holds_the_first_10_seconds(tmp_path):
    frames = np.arange(11 * 50, dtype=np.uint16).astype(np.uint8)[:, None, None] + np.zeros(
        (1, 16, 16), np.uint8
    )
    video.write_gif(Panels([Panel("a", frames)], 16), tmp_path / "a.gif", {"synthetic": "t", **END})
    with Image.open(tmp_path / "a.gif") as picture:
        seconds = picture.n_frames * picture.info["duration"] / 1000
    assert f"a GIF of its first {seconds:g} s" in PAGE


END = {"program": "s2r", "version": "0", "commit": ""}


def test_frames_to_download_are_lossless_grey_levels(models, tmp_path):
    write_wav(tmp_path / "a.wav", voice(0.3), 16_000)
    request = video.VideoRequest(
        *(tmp_path / "a.wav", ("tiny",), "sub001", (), False, "fast", False, 1, 64)
    )
    video.make_video(request, models, tmp_path)
    with h5py.File(tmp_path / "frames_1.h5") as file:
        assert file["frames"].dtype == np.uint8
    assert "(HDF5: `frames`, uint8)" in PAGE
    assert not list(tmp_path.glob("tract_variables*"))  # without a probe


def test_the_third_picture_is_contours_or_without_a_probe_the_difference(tmp_path):
    frames = np.full((3, 16, 16), 90, np.uint8)
    grey = learner._difference(frames, frames, None)
    assert (grey.frames == 128).all() and not grey.lines
    assert learner._difference(frames, frames + 20, None).frames.mean() == 138
    probe = open_probe(write_untrained_probe(tmp_path / "p.safetensors"))
    both = learner._difference(frames, frames, probe)
    assert [lines.colour for lines in both.lines] == [learner.TARGET, learner.OWN]


def test_two_recordings_are_shown_as_the_mean_of_the_model():
    still, speech = np.zeros((16, 16), np.uint8), voice(0.4)
    mean = np.full((20, 16, 16), 7, np.uint8)
    model = SimpleNamespace(
        encoder=SimpleNamespace(encode=lambda sound: np.zeros((len(sound) // HOP, 2), np.float32)),
        model=SimpleNamespace(
            project=lambda embeddings: embeddings,
            mean=lambda task: mean,
            videos=lambda *_, **__: pytest.fail("a draw"),
        ),
    )
    assert np.array_equal(expected_frames(model, speech, still), mean)
    assert callable(UtteranceVideos.mean)


def test_log_mel_looks_12_ms_ahead():
    assert f"which looks {int(1000 * WINDOW / 2 / SAMPLE_RATE)} ms ahead" in PAGE
    sound = voice(1.0)
    centre, half = 20 * HOP + HOP // 2, WINDOW // 2
    later, now = sound.copy(), sound.copy()
    later[centre + half :] *= 0.5
    now[centre + half - 60 :] *= 0.5
    before = log_mel(sound)
    loudest = before[:20].max() == before.max()
    changed = [np.abs(log_mel(other)[20] - before[20]).max() > 1e-4 for other in (later, now)]
    assert loudest and changed == [False, True]


def test_live_is_for_one_visitor_and_five_minutes(page):
    (live,) = [one for one in page.fns.values() if one.name == "hear"]
    assert (live.concurrency_limit, live.time_limit) == (1, 5 * 60)
    assert live.stream_every == 1.0  # one second of sound at a time


def test_one_video_at_a_time_and_twenty_that_wait(page):
    limits = {one.name: one.concurrency_limit for one in page.fns.values()}
    assert limits["generate"] == limits["compare"] == 1
    assert page._queue.max_size == pages.WAITING
    assert f"up to {pages.WAITING} requests wait in a queue" in PAGE


def test_files_are_kept_for_an_hour_and_not_for_two(page):
    every, age = page.delete_cache
    assert age == 60 * 60
    assert "they are kept for at least an hour" in PAGE
    security = " ".join((ROOT / "docs/security.md").read_text().split())
    stated = (
        f"deletes files after {age / 3600:g} to {(age + every) / 3600:g} hours, except those of"
    )
    assert actions.FOLDERS == 5
    assert f"{stated} the last five videos" in security


def test_the_program_of_the_page_calls_what_there_is(page):
    (code,) = fenced_blocks(FILE, "python")
    (call,) = [one for one in ast.walk(ast.parse(code)) if isinstance(one, ast.Assign)][1:]
    given = {argument.arg: argument.value for argument in call.value.keywords}
    endpoint = page.get_api_info()["named_endpoints"][given.pop("api_name").value]
    parameters = {one["parameter_name"]: one for one in endpoint["parameters"]}
    assert set(given) <= set(parameters)
    left_out = set(parameters) - set(given)
    assert all(parameters[name]["parameter_has_default"] for name in left_out)
    kinds = [one["component"] for one in endpoint["returns"]]
    assert len(kinds) == len(call.targets[0].elts)
    assert (kinds[0], kinds[2]) == ("Video", "File")


def test_the_rating_study_has_the_same_options_of_a_server():
    for command in ("studio", "rate"):
        options = parser().parse_args([command, "--host", "0.0.0.0", "--proxy", "https://a.b"])
        assert (options.host, options.proxy) == ("0.0.0.0", "https://a.b")


def test_nothing_is_loaded_from_elsewhere_reported_or_shared(page):
    assert not pages.THEME._stylesheets and not pages.THEME._font_css
    for rule in server.POLICY.split(";"):
        assert "http" not in rule and "*" not in rule, rule
    assert page.analytics_enabled is False
    for name in ("speech", "target", "own", "microphone"):
        assert "share" not in (element(page, name).buttons or [])


def test_gradio_sends_no_statistics(tmp_path, monkeypatch):
    monkeypatch.delenv("GRADIO_ANALYTICS_ENABLED", raising=False)
    with server.gradio_settings(tmp_path):
        assert sys.modules["gradio"].analytics.analytics_enabled() is False


def test_every_file_of_its_code_is_named():
    section = FILE.read_text().split("## Its code")[1]
    named = set(re.findall(r"`(\w+\.(?:py|js|html))`", section))
    folder = ROOT / "src/s2r/apps/studio"
    files = {path.name for path in folder.iterdir() if path.is_file()} - {"__init__.py"}
    assert named == {name for name in files if not name.endswith(".css")} - {"time_line.js"}
    assert "`time_line.html`, `.css` and `.js`" in section
    assert {"time_line.css", "time_line.js"} < files
