"""`s2r generate` of several files, and the files that it writes beside the videos."""

import json
import subprocess
import sys
from pathlib import Path

import av
import pytest
from PIL import Image

from helpers.sounds import voice
from helpers.tiny_model import write_tiny_model
from s2r import __version__
from s2r.apps.output_names import output_names
from s2r.cli import main
from s2r.core.errors import UserError
from s2r.core.media.decode import probe
from s2r.core.media.encode import write_wav


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def sounds(tmp_path, monkeypatch):
    """Two sounds of 0.2 s, and a text that pretends to be one, in the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        write_wav(f"{name}.wav", voice(0.2), 16_000)
    Path("text.wav").write_text("no sound")
    Path("videos").mkdir()


@pytest.mark.usefixtures("sounds")
def test_several_files_become_videos_in_a_folder_and_one_that_fails_stops_none(folder, capsys):
    speech = ["a.wav", "text.wav", "b.wav"]
    options = ["--model", folder, "--size", "128", "--save", "videos", "--gif", "--label"]
    assert main(["generate", *speech, "-o", "videos/", *options, "--slow", "2"]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[0] == "Loading the model ..."
    assert "Error: text.wav: " in "\n".join(lines[:-1])
    assert lines[-1].startswith("Error: 1 of 3 files of speech have no video, see above: text.wav")
    made = sorted(path.name for path in Path("videos").iterdir())
    assert made == ["a.gif", "a.h5", "a.mp4", "b.gif", "b.h5", "b.mp4"]
    assert (probe("videos/b.mp4").frames, probe("videos/b.mp4").frame_rate) == (10, 25)
    with av.open("videos/b.mp4") as film:
        checksum = json.loads(film.metadata["description"])["model_sha256"]
    assert main(["info", folder]) == 0
    assert f"sha256: {checksum}" in capsys.readouterr().out
    with Image.open("videos/b.gif") as gif:
        assert checksum in gif.info["comment"].decode()
        assert gif.n_frames == 10


@pytest.mark.usefixtures("sounds")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["a.wav", "b.wav", "-o", "new"], "There is no folder new: make it"),
        (["a.wav", "b.wav", "-o", "x.mp4"], "x.mp4 is one file, and there are 2"),
        (["a.wav", "./a.wav"], "would both become a.mp4"),
        (["a.wav", "none.wav"], "none.wav: there is no such file"),
        (["a.wav", "-o", "new"], "There is no folder new"),
        (["a.wav", "-o", "new/x.mp4"], "new/x.mp4: there is no folder new: make it"),
        (["a.wav", "--save", "new/x.h5"], "new/x.h5: there is no folder new"),
        (["a.wav", "b.wav", "--side-by-side", "a.wav"], "give one file of speech"),
        (["a.wav", "--overlay"], "probe.safetensors does not exist"),
        (["a.wav", "--label", "--size", "32"], "does not fit into 32 pixels"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_generated(
    folder, capsys, options, words
):
    before = sorted(Path().rglob("*"))
    assert main(["generate", *options, "--model", folder]) == 1
    assert words in capsys.readouterr().err.splitlines()[-1]
    assert sorted(Path().rglob("*")) == before


@pytest.mark.usefixtures("sounds")
def test_a_gif_of_somebody_else_is_not_replaced(folder, capsys):
    Path("a.gif").write_text("years of work")
    assert main(["generate", "a.wav", "--gif", "--model", folder]) == 1
    assert "a.gif exists, and was not written by s2r" in capsys.readouterr().err
    assert Path("a.gif").read_text() == "years of work"
    assert not Path("a.mp4").exists()


def test_names(tmp_path):
    speech = [Path("x/a.b.wav")]
    assert output_names(speech, None, ".mp4") == [Path("a.b.mp4")]
    assert output_names(speech, tmp_path, ".mp4") == [tmp_path / "a.b.mp4"]
    assert output_names(speech, Path("film.mp4"), ".mp4") == [Path("film.mp4")]
    with pytest.raises(UserError, match=r"ends in \.mp4"):
        output_names(speech, Path("film.avi"), ".mp4")


def test_bare_call_version_and_examples(capsys):
    assert main([]) == 0
    assert "examples:" in capsys.readouterr().out
    for options in (["--version"], *([name, "--help"] for name in COMMANDS)):
        with pytest.raises(SystemExit) as left:
            main(options)
        assert left.value.code == 0
        said = capsys.readouterr().out
        assert f"s2r {__version__}" in said if options == ["--version"] else "examples:\n" in said


COMMANDS = ("generate", "export", "info", "score", "studio", "rate")


def test_nothing_heavy_is_loaded_before_the_first_line():
    code = "import sys, s2r.cli\ns2r.cli._loading('x')\n"
    code += "print([name for name in ('torch', 'numpy', 'pandas', 'av') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stderr, done.stdout) == ("Loading x ...\n", "[]\n")
