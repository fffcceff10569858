"""The studio without a browser: what its page can ask for, and what it is told."""

import http.client
import io
import json
import signal
import socket
import tempfile
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import h5py
import numpy as np
import pytest
from listening import listening
from PIL import Image
from studio_server import served
from test_speech_to_video import voice
from tiny_model import heads

from s2r.cli import main
from s2r.local_server import LocalServer, is_loopback
from s2r.media import probe, write_wav
from s2r.studio import jobs
from s2r.studio.sound_picture import COLUMN, SPECTRUM_HEIGHT, WAVE_HEIGHT, sound_picture


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("models")) as server:
        yield server


def ask(server, method, path, body=None, **headers):
    """Status, headers and body of the answer to one request."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


def second_model(server) -> str:
    """Its folder: it is told from the first, which has the same name, by that."""
    return next(name for name in server.cards if "/" in name)


def upload(server, path: Path) -> str:
    status, _, content = ask(server, "POST", f"/files?name={path.name}", path.read_bytes())
    assert status == 200
    return json.loads(content)["key"]


def submit(server, upload_key, **wish):
    wish = {
        "sound": upload_key,
        "models": ["tiny"],
        "speaker": "sub002",
        "reference": None,
        "force": False,
        "preset": "fast",
        "seed": 1,
        "size": 128,
    } | wish
    headers = {"Content-Type": "application/json"}
    status, _, content = ask(server, "POST", "/jobs", json.dumps(wish), **headers)
    return status, json.loads(content)


def finished(server, sound, **wish) -> tuple[str, dict]:
    """Key and last status of a job."""
    status, content = submit(server, sound, **wish)
    assert status == 200, content
    for _ in range(1200):
        job = json.loads(ask(server, "GET", f"/jobs/{content['key']}")[2])
        if job["state"] in ("done", "failed"):
            return content["key"], job
        time.sleep(0.05)
    raise AssertionError(job)


@pytest.fixture
def speech(tmp_path):
    write_wav(tmp_path / "speech.wav", voice(0.6), 16_000)
    return tmp_path / "speech.wav"


def test_page_and_choices(server):
    status, headers, page = ask(server, "GET", "/")
    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    for name in ("page.css", "page.js"):
        assert name.encode() in page
        assert ask(server, "GET", f"/{name}")[0] == 200
        assert b"http" not in ask(server, "GET", f"/{name}")[2].replace(b"https or localhost", b"")
    models = json.loads(ask(server, "GET", "/models")[2])["models"]
    assert models[0] == {
        "name": "tiny",
        "speakers": ["sub001", "sub002", "sub003"],
        "card": "# tiny\n",
    }
    assert models[1]["name"].endswith("/b/tiny")
    with Image.open(io.BytesIO(ask(server, "GET", "/references/tiny/sub003")[2])) as picture:
        assert np.array_equal(np.asarray(picture), heads()["sub003"])


def test_speech_becomes_video_frames_and_picture(server, speech, tmp_path):
    key, job = finished(server, upload(server, speech))
    assert job["state"] == "done"
    assert (job["share"], job["seconds"]) == (1.0, 0.6)
    assert job["files"] == ["frames_1.h5", "sound.png", "video.mp4"]
    for name in job["files"]:
        (tmp_path / name).write_bytes(ask(server, "GET", f"/jobs/{key}/{name}")[2])
    found = probe(tmp_path / "video.mp4")
    assert (found.frames, found.width, found.height) == (30, 128, 128)
    assert found.audio_seconds
    with h5py.File(tmp_path / "frames_1.h5") as file:
        assert file["frames"].shape == (30, 16, 16)
    with Image.open(tmp_path / "sound.png") as picture:
        assert picture.size == (120, 224)


def test_same_wish_as_on_the_command_line_same_frames(server, speech, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = second_model(server)
    command = ["generate", "speech.wav", "--model", folder, "--save", "own.h5"]
    command += ["--speaker", "sub002", "--preset", "fast", "--seed", "1"]
    assert main(command) == 0
    key, _ = finished(server, upload(server, speech))
    with h5py.File("own.h5") as own, h5py.File(server.studio.folder / key / "frames_1.h5") as made:
        assert np.array_equal(own["frames"][()], made["frames"][()])


def test_two_models_side_by_side(server, speech):
    second = second_model(server)
    key, job = finished(server, upload(server, speech), models=["tiny", second])
    assert "video_1.mp4" in job["files"]
    assert "frames_2.h5" in job["files"]
    found = probe(server.studio.folder / key / "video.mp4")
    assert (found.frames, found.width) == (30, 258)
    assert probe(server.studio.folder / key / "video_1.mp4").width == 128


def test_own_reference_and_one_that_is_none(server, speech, tmp_path):
    sound = upload(server, speech)
    Image.fromarray(heads()["sub001"]).save(tmp_path / "head.png")
    noise = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)
    Image.fromarray(noise).save(tmp_path / "cat.png")
    head, cat = (upload(server, tmp_path / name) for name in ("head.png", "cat.png"))
    assert finished(server, sound, reference=head)[1]["state"] == "done"
    _, job = finished(server, sound, reference=cat)
    assert job["message"].startswith("cat.png does not look like a midsagittal rtMRI frame")
    assert finished(server, sound, reference=cat, force=True)[1]["state"] == "done"


def test_bad_speech_is_one_sentence(server, tmp_path):
    (tmp_path / "text.wav").write_text("hello")
    write_wav(tmp_path / "short.wav", voice(0.01), 16_000)
    write_wav(tmp_path / "silent.wav", np.zeros(16_000, np.float32), 16_000)
    write_wav(tmp_path / "long.wav", voice(jobs.LONGEST + 1, 8_000), 8_000)
    for name, words in (
        ("text.wav", "not a media file"),
        ("short.wav", "too little to show anything"),
        ("silent.wav", "is silent: check the microphone"),
        ("long.wav", "longer than 60 s: cut it"),
    ):
        key, job = finished(server, upload(server, tmp_path / name))
        assert job["state"] == "failed"
        assert job["message"].startswith(name)
        assert words in job["message"]
        assert "/" not in job["message"]
        assert not list((server.studio.folder / key).glob("*.mp4"))


def test_a_fault_of_ours_leaves_the_studio_at_work(server, speech, monkeypatch, capsys):
    sound = upload(server, speech)
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "generate_file", lambda *_, **__: 1 / 0)
        _, job = finished(server, sound)
    assert "could not be made (division by zero)" in job["message"]
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert finished(server, sound)[1]["state"] == "done"


def test_requests_that_no_page_sends(server, speech):
    sound = upload(server, speech)
    for wish in (
        {"models": []},
        {"models": ["other"]},
        {"models": "tiny"},
        {"sound": "../x"},
        {"speaker": 3},
        {"size": 100_000},
        {"preset": ["fast"]},
    ):
        status, content = submit(server, sound, **wish)
        assert status == 400
        assert "load the page again" in content["error"]
    assert "whole number" in submit(server, sound, seed=1.5)[1]["error"]
    assert "not a subject" in finished(server, sound, speaker="sub009")[1]["message"]
    kind = {"Content-Type": "application/json"}
    assert ask(server, "POST", "/jobs", "[1", **kind)[0] == 400
    assert ask(server, "POST", "/jobs", "[1]", **kind)[0] == 400
    assert ask(server, "POST", "/jobs", "{}")[0] == 400
    for path in ("/x", "/../cli.py", "/jobs/x", "/jobs/x/video.mp4", "/references/tiny/..%2fx"):
        assert ask(server, "GET", path)[0] == 404
    assert ask(server, "POST", "/x", "")[0] == 404
    large = {"Content-Length": "500000001"}
    assert b"larger than 500 MB" in ask(server, "POST", "/files?name=a.wav", **large)[2]


def test_other_sites_are_refused(server):
    assert ask(server, "POST", "/files", b"x", Origin="http://example.org")[0] == 403
    assert ask(server, "GET", "/models", Host=f"example.org:{server.port}")[0] == 403
    here = f"localhost:{server.port}"
    assert ask(server, "POST", "/files", b"x", Host=here, Origin=f"http://{here}")[0] == 200


def test_files_are_sent_in_ranges(server, speech):
    key, _ = finished(server, upload(server, speech))
    path = f"/jobs/{key}/video.mp4"
    whole = ask(server, "GET", path)[2]
    for asked, start, stop in (
        ("0-9", 0, 10),
        ("5-", 5, len(whole)),
        ("3-99999999", 3, len(whole)),
    ):
        status, headers, part = ask(server, "GET", path, Range=f"bytes={asked}")
        assert status == 206
        assert headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
        assert part == whole[start:stop]
    assert ask(server, "GET", path, Range=f"bytes={len(whole)}-")[0] == 416


def test_names_of_uploads_stay_in_their_folder(server, tmp_path):
    for name in ("../../etc/passwd", "..", "a/b.wav", "", "." * 99):
        _, path = server.studio.upload_path(name, 0)
        assert path.resolve().parent.parent == server.studio.folder.resolve()


def test_names_of_uploads_over_the_network(server, tmp_path):
    for name in (
        "..%2f..%2fout.wav",
        "%00",
        "a%0d%0aX-Evil:%201.wav",
        "C:%5cout.wav",
        "%F0%9F%8E%A4",
    ):
        status, headers, content = ask(server, "POST", f"/files?name={name}", b"hello")
        assert status == 200
        assert "X-Evil" not in headers
        path = server.studio.uploads[json.loads(content)["key"]]
        assert path.resolve().parent.parent == server.studio.folder.resolve()
        assert path.read_bytes() == b"hello"
        assert not set("/\\:\0\r\n") & set(path.name)
        # What is uploaded is not handed out again.
        assert ask(server, "GET", f"/jobs/{path.parent.name}/{quote(path.name)}")[0] == 404
    for length in ("\xb2", "9" * 5000, "-5", "1e9"):
        answer = ask(server, "POST", "/files?name=a.wav", **{"Content-Length": length})[2]
        assert (b"larger than 500 MB" in answer) == length.startswith("9")


def test_uploads_do_not_pile_up(server, speech, monkeypatch):
    sound = upload(server, speech)
    assert finished(server, sound)[1]["state"] == "done"
    monkeypatch.setattr(jobs, "KEPT", 3)
    unused = [upload(server, speech) for _ in range(5)]
    kept = server.studio.uploads
    assert [key for key in unused if key in kept] == unused[2:]
    assert sound in kept, "a video was made of it"
    there = [(server.studio.folder / key).exists() for key in (*unused, sound)]
    assert there == [False, False, True, True, True, True]
    with monkeypatch.context() as patch:
        free = SimpleNamespace(free=jobs.SPARE + 4)
        patch.setattr(jobs.shutil, "disk_usage", lambda _: free)
        status, _, content = ask(server, "POST", "/files?name=a.wav", b"hello")
        assert (status, b"no room for a.wav" in content) == (400, True)
    before = set(kept)
    with socket.create_connection(("127.0.0.1", server.port)) as page:
        page.sendall(
            f"POST /files?name=half.wav HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            "Content-Length: 100\r\n\r\nhalf".encode()
        )
    for _ in range(100):
        if not list(server.studio.folder.glob("*/half.wav")) and set(kept) <= before:
            break
        time.sleep(0.05)
    assert not list(server.studio.folder.glob("*/half.wav"))


def test_references_that_are_not_what_their_name_says(server, speech, tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    Image.new("L", (100, 100)).save(tmp_path / "bomb.png")
    # Pillow reads these by starting Ghostscript.
    (tmp_path / "eps.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n")
    for name in ("bomb.png", "eps.png"):
        key = upload(server, tmp_path / name)
        _, job = finished(server, upload(server, speech), reference=key)
        assert job["message"].startswith(f"{name} is not a readable picture"), job


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="no list of sockets in /proc")
@pytest.mark.parametrize("command", ["studio", "rate"])
def test_pages_are_for_this_machine_by_default(command, monkeypatch):
    asked = {}

    def serve(folder, *arguments):
        asked["host"] = next(one for one in arguments if isinstance(one, str))

    package = {"studio": "studio", "rate": "rating"}[command]
    monkeypatch.setattr(f"s2r.{package}.server.serve", serve)
    main([command])
    with LocalServer(BaseHTTPRequestHandler, asked["host"], 0) as server:
        assert server.loopback
        assert listening() == {"127.0.0.1"}


def test_old_videos_go(server, speech, monkeypatch):
    monkeypatch.setattr(jobs, "KEPT", 2)
    sound, other = upload(server, speech), upload(server, speech)
    keys = [finished(server, sound)[0], finished(server, sound)[0], finished(server, other)[0]]
    assert ask(server, "GET", f"/jobs/{keys[0]}")[0] == 404
    assert not (server.studio.folder / keys[0]).exists()
    assert (server.studio.folder / keys[1] / "video.mp4").exists()
    assert server.studio.uploads[sound].exists()
    finished(server, other)
    assert sound not in server.studio.uploads


def test_full_queue_is_said(server, speech, monkeypatch):
    monkeypatch.setattr(jobs, "WAITING", 0)
    status, content = submit(server, upload(server, speech))
    assert (status, content["error"][:8]) == (400, "Too many")


def test_picture_of_sound_shows_when_and_how_high():
    rate = 16_000
    sound = np.zeros(rate, np.float32)
    middle = slice(6_400, 9_600)
    sound[middle] = 0.5 * np.sin(2 * np.pi * 3_000 * np.arange(3_200) / rate)
    picture = sound_picture(sound)
    assert picture.shape == (WAVE_HEIGHT + SPECTRUM_HEIGHT, rate // COLUMN)
    wave, spectrum = picture[:WAVE_HEIGHT], picture[WAVE_HEIGHT:]
    heard = np.arange(200) // 40 == 2
    dark = (wave < 128).sum(0)
    assert (dark[82:118] > 50).all()
    assert (dark[~heard] <= 1).all()
    loud = spectrum[:, 100].argmin()
    assert abs((SPECTRUM_HEIGHT - loud) / SPECTRUM_HEIGHT * 8_000 - 3_000) < 100
    assert (spectrum[:, :75] == 255).all()
    assert sound_picture(sound[:81]).shape[1] == 2


def test_addresses(capsys, tmp_path, monkeypatch):
    assert is_loopback("127.0.0.2")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("localhost.example.org")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["studio", "--port", port]) == 1
        assert f"port {port} of 127.0.0.1 is in use" in capsys.readouterr().err
    assert main(["studio", "--port", "0", "--host", "256.0.0.1"]) == 1
    assert "no address of this machine" in capsys.readouterr().err
    assert main(["studio", "--port", "0", "--model", str(tmp_path)]) == 1
    assert "not a model folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["studio", "--port", "70000"])


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_address_warning_and_nothing_left(host, server, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = signal.getsignal(signal.SIGTERM)

    def ended(_):
        assert len(list(tmp_path.iterdir())) == 1
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(LocalServer, "serve_forever", ended)
    folder = second_model(server)
    try:
        assert main(["studio", "--port", "0", "--host", host, "--model", folder]) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    written = capsys.readouterr()
    assert f"http://{host}:" in written.out
    assert "closed" in written.out
    assert ("Warning: everybody" in written.err) == (host == "0.0.0.0")
    assert not list(tmp_path.iterdir())
