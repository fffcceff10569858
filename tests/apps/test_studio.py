"""The studio without a browser: what its page does, through Gradio's client."""

import json
import threading
import time
import wave
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from helpers.sounds import voice
from helpers.studio_server import ask, second_model, served
from helpers.tiny_model import heads
from helpers.untrained_probe import write_untrained_probe
from s2r.apps.overlay import open_probe
from s2r.apps.studio import video
from s2r.apps.studio.examples import Example
from s2r.apps.studio.sound_picture import COLUMN, SPECTRUM_HEIGHT, WAVE_HEIGHT, sound_picture
from s2r.apps.studio.video import VideoRequest
from s2r.cli import main
from s2r.core.errors import UserError
from s2r.core.media.decode import probe, read_video
from s2r.core.media.encode import write_video, write_wav

gradio = pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[studio]'")
client_of = pytest.importorskip("gradio_client")
actions = pytest.importorskip("s2r.apps.studio.actions")

REQUEST = {
    "speech": None,
    "speaker": "sub002",
    "pictures": None,
    "force": False,
    "model": "tiny",
    "second": actions.NO_OTHER,
    "sampler": "fast",
    "clean": False,
    "height": 128,
    "seed": 1,
    "truth": True,
    "contours": False,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("models")) as server:
        yield server


@pytest.fixture(scope="module")
def client(server, tmp_path_factory):
    found = client_of.Client(
        server.address, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads"))
    )
    yield found
    found.close()


@pytest.fixture
def speech(tmp_path):
    write_wav(tmp_path / "speech.wav", voice(0.6), 16_000)
    return tmp_path / "speech.wav"


def generate(client, speech: Path | None, **request) -> dict[str, Path]:
    """The files that the page offers, by name."""
    request = REQUEST | {"speech": speech and client_of.handle_file(speech)} | request
    shown, _, made, _ = client.predict(api_name="/generate", **request)
    found = {Path(path).name: Path(path) for path in made}
    assert Path(shown).name == "video.mp4"
    return found


def refused(client, speech: Path | None, **request) -> str:
    """The sentence that the page shows instead of a video."""
    with pytest.raises(client_of.exceptions.AppError) as error:
        generate(client, speech, **request)
    return error.value.message


def test_speech_becomes_video_frames_and_picture(client, speech):
    made = generate(client, speech)
    assert sorted(made) == ["frames_1.h5", "sound.png", "video.gif", "video.mp4"]
    found = probe(made["video.mp4"])
    assert (found.frames, found.width, found.height) == (30, 128, 128)
    assert found.audio_seconds
    with h5py.File(made["frames_1.h5"]) as file:
        assert file["frames"].shape == (30, 16, 16)
    with Image.open(made["sound.png"]) as picture:
        assert picture.size == (120, 224)


def test_same_request_as_on_the_command_line_same_frames(
    server, client, speech, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    command = ["generate", "speech.wav", "--model", second_model(server), "--save", "own.h5"]
    command += ["--speaker", "sub002", "--preset", "fast", "--seed", "1"]
    assert main(command) == 0
    made = generate(client, speech)
    with h5py.File("own.h5") as own, h5py.File(made["frames_1.h5"]) as file:
        assert np.array_equal(own["frames"][()], file["frames"][()])


def test_two_models_side_by_side(server, client, speech):
    made = generate(client, speech, second=second_model(server))
    assert {"video_1.mp4", "video_2.mp4", "frames_2.h5"} < set(made)
    found = probe(made["video.mp4"])
    assert (found.frames, found.width) == (30, 258)
    assert found.height > 128  # the names of the models
    assert probe(made["video_1.mp4"]).width == 128


def test_an_example_is_shown_with_its_true_video(server, client, speech, monkeypatch):
    film = generate(client, speech)["video.mp4"]
    monkeypatch.setattr(server.actions, "examples", [Example("a", "sub002", film)])
    monkeypatch.setattr(server.actions, "_opened", {})
    sound, speaker = server.actions.example(0, ["sub001", "sub002"])
    assert speaker == "sub002"
    assert probe(generate(client, Path(sound))["video.mp4"]).width == 258
    assert probe(generate(client, Path(sound), truth=False)["video.mp4"]).width == 128
    # a cut of it has no truth
    write_wav(speech, voice(0.4), 16_000)
    assert probe(generate(client, speech)["video.mp4"]).width == 128


def test_contours_and_tract_variables_of_what_is_compared(server, speech, tmp_path):
    contours = open_probe(write_untrained_probe(tmp_path / "probe.safetensors"))
    film = tmp_path / "film.mp4"
    frames = np.random.default_rng(0).integers(0, 256, (20, 16, 16)).astype(np.uint8)
    write_video(film, frames, 50)
    request = VideoRequest(
        *(speech, ("tiny",), "sub001", (), False, "fast", False, 1, 64), film=film, contours=True
    )
    made = tmp_path / "made"
    made.mkdir()
    video.make_video(request, server.actions.models, made, probe=contours)
    files = {path.name for path in made.iterdir()}
    assert {"tract_variables_1.csv", "tract_variables_true.csv", "video_1.mp4"} < files
    table = pd.read_csv(made / "tract_variables_1.csv")
    assert table["time_s"].iloc[[0, -1]].tolist() == [0.01, 0.59]
    assert "lip_aperture_mm" in table.columns
    assert len(pd.read_csv(made / "tract_variables_true.csv")) == 20
    pictures, _ = read_video(made / "video.mp4")
    assert pictures.shape[2] == 2 * 64 + 2
    with Image.open(made / "video.gif") as picture:
        assert picture.n_frames == 15
        assert np.ptp(np.asarray(picture.convert("RGB")).astype(int), axis=2).max() > 100


def test_without_a_probe_the_switch_says_why(server):
    assert server.actions.probe is None
    assert "run `make table1`" in server.actions.no_probe


def test_sound_of_a_video(client, server, speech, tmp_path):
    film = generate(client, speech)["video.mp4"]
    sound = actions.Actions({}, {}, tmp_path).sound_of(str(film))
    assert Path(sound).name == "video.wav"
    with wave.open(sound) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(0.6, abs=0.05)


def test_choices_follow_the_models(tmp_path):
    pictures = heads()
    models = {
        name: SimpleNamespace(references={subject: pictures[subject] for subject in subjects})
        for name, subjects in (
            ("a", ("sub001", "sub002")),
            ("b", ("sub003", "sub002")),
            ("c", ("sub003",)),
        )
    }
    found = actions.Actions(models, {name: f"# {name}" for name in models}, tmp_path)
    for asked, subjects, chosen in (
        (("a", actions.NO_OTHER, "sub002"), ["sub001", "sub002"], "sub002"),
        (("a", actions.NO_OTHER, "sub003"), ["sub001", "sub002"], "sub001"),
        (("a", "b", "sub001"), ["sub002"], "sub002"),
        (("a", "c", "sub001"), [], None),
    ):
        speaker, rest, cards = found.choose(*asked)
        assert [value for _, value in speaker.choices] == subjects
        assert speaker.value == chosen
        assert (rest is None) == (chosen is None)
        assert cards == "\n\n".join(f"# {name}" for name in asked[:2] if name != actions.NO_OTHER)
    assert found.at_rest("a", "sub001").shape == (actions.SHOWN, actions.SHOWN)
    with pytest.raises(gradio.Error, match="no speaker in common"):
        found.generate("speech.wav", None, None, False, "a", "c", "balanced", False, 128, 0)


def test_own_reference_and_one_that_is_none(client, speech, tmp_path):
    Image.fromarray(heads()["sub001"]).save(tmp_path / "head.png")
    noise = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)
    Image.fromarray(noise).save(tmp_path / "cat.png")
    head, cat = (client_of.handle_file(tmp_path / name) for name in ("head.png", "cat.png"))
    assert generate(client, speech, pictures=[head])
    assert generate(client, speech, pictures=[head, head])
    sentence = refused(client, speech, pictures=[cat])
    assert sentence.startswith("cat.png does not look like a midsagittal rtMRI frame")
    assert generate(client, speech, pictures=[cat], force=True)


def test_a_model_that_cannot_leave_out_the_noise(client, speech):
    assert "cannot leave out the scanner's noise" in refused(client, speech, clean=True)


def test_bad_speech_is_one_sentence(client, server, tmp_path):
    (tmp_path / "text.wav").write_text("hello")
    write_wav(tmp_path / "short.wav", voice(0.01), 16_000)
    write_wav(tmp_path / "silent.wav", np.zeros(16_000, np.float32), 16_000)
    write_wav(tmp_path / "long.wav", voice(video.LONGEST + 1, 8_000), 8_000)
    for name, words in (
        ("text.wav", "not a media file"),
        ("short.wav", "too little to show anything"),
        ("silent.wav", "is silent: check the microphone"),
        ("long.wav", "longer than 60 s: cut it"),
    ):
        sentence = refused(client, tmp_path / name)
        assert sentence.startswith(name)
        assert words in sentence
        assert "/" not in sentence
    last = max(server.actions.work.glob("made-*"), key=lambda path: path.stat().st_mtime)
    assert not list(last.glob("*.mp4"))


def test_soft_speech_is_said_on_the_page(client, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(actions.gr, "Warning", lambda sentence, **_: said.append(sentence))
    write_wav(tmp_path / "soft.wav", 0.02 * voice(0.6), 16_000)
    assert generate(client, tmp_path / "soft.wav")
    (sentence,) = said
    assert sentence.startswith("the speech of soft.wav is soft (-5")


def test_requests_that_are_not_valid(client, speech):
    assert "There is no speech yet" in refused(client, None)
    for seed in (None, 2**31):
        assert "The seed must be a whole number" in refused(client, speech, seed=seed)
    assert "less than minimum" in refused(client, speech, seed=-1)
    for request in (
        {"model": "other"},
        {"second": "other"},
        {"speaker": "sub009"},
        {"height": 100_000},
        {"sampler": "none"},
    ):
        assert "not in the list of choices" in refused(client, speech, **request)


def test_names_of_files_are_text():
    with pytest.raises(gradio.Error) as shown, actions.page_errors("/a/<b>.wav"):
        raise UserError("/a/<b>.wav is silent")
    assert shown.value.message == "&lt;b&gt;.wav is silent"


def test_the_studio_works_after_an_error_in_the_program(client, speech, monkeypatch, capfd):
    with monkeypatch.context() as patch:
        patch.setattr(video, "generate_file", lambda *_, **__: 1 / 0)
        refused(client, speech)
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert generate(client, speech)


def test_a_full_disk_is_reported(client, speech, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(video, "generate_file", full)
        assert "no space left" in refused(client, speech)
    free = SimpleNamespace(free=actions.SPARE - 1)
    with monkeypatch.context() as patch:
        patch.setattr(actions.shutil, "disk_usage", lambda _: free)
        assert "no space for a video" in refused(client, speech)


def test_old_files_go(server, client, speech, monkeypatch):
    monkeypatch.setattr(actions, "FOLDERS", 2)
    for _ in range(4):
        made = generate(client, speech)
        assert len(list(server.actions.work.glob("made-*"))) <= 2
    assert made["video.mp4"].exists()


def test_files_of_the_machine_are_not_served(server, client, speech, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    for path in (tmp_path / "secret.txt", Path("/etc/passwd"), server.actions.work / ".."):
        assert ask(server, "GET", f"/gradio_api/file={path}")[0] in (403, 404)
    for path in (speech, Path("/etc/passwd")):
        never_sent = {"path": str(path), "meta": {"_type": "gradio.FileData"}}
        body = json.dumps({"data": list((REQUEST | {"speech": never_sent}).values())})
        kind = {"Content-Type": "application/json"}
        _, _, answer = ask(server, "POST", "/gradio_api/call/generate", body, **kind)
        event = json.loads(answer)["event_id"]
        _, _, content = ask(server, "GET", f"/gradio_api/call/generate/{event}")
        assert b"event: error" in content
        assert b"not uploaded by a user" in content


def test_picture_of_sound_shows_when_and_how_high():
    rate = 16_000
    sound = np.zeros(rate, np.float32)
    middle = slice(6_400, 9_600)
    sound[middle] = 0.5 * np.sin(2 * np.pi * 3_000 * np.arange(3_200) / rate)
    picture = sound_picture(sound)
    assert picture.shape == (WAVE_HEIGHT + SPECTRUM_HEIGHT, rate // COLUMN)
    wave, spectrum = picture[:WAVE_HEIGHT], picture[WAVE_HEIGHT:]
    sounding = np.arange(200) // 40 == 2
    dark = (wave < 128).sum(0)
    assert (dark[82:118] > 50).all()
    assert (dark[~sounding] <= 1).all()
    loud = spectrum[:, 100].argmin()
    assert abs((SPECTRUM_HEIGHT - loud) / SPECTRUM_HEIGHT * 8_000 - 3_000) < 100
    assert (spectrum[:, :75] == 255).all()
    assert sound_picture(sound[:81]).shape[1] == 2


def test_a_studio_that_closes_ends_its_work_and_begins_no_other(tmp_path, speech):
    """Nothing may write to its folder after that is removed."""
    studio = actions.Actions({}, {}, tmp_path / "work")
    (tmp_path / "work").mkdir()
    begun, ended = threading.Event(), []

    def generate():
        with pytest.raises(gradio.Error, match="The studio is closed"), studio._working():
            begun.set()
            while True:
                studio._go_on()  # as after every window
                time.sleep(0.01)
        ended.append(True)

    thread = threading.Thread(target=generate)
    thread.start()
    begun.wait()
    studio.close()
    assert not studio._running
    thread.join()
    assert ended
    with pytest.raises(gradio.Error, match="The studio is closed"):
        studio.sound_of(str(speech))
    assert not list((tmp_path / "work").iterdir())
