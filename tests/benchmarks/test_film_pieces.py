"""Films are cut into pieces with their own sound, of which the last ones are held out."""

import h5py
import numpy as np
import pytest

from helpers.films import ramp
from helpers.repository import ROOT
from s2r.config import systems
from s2r.config.files import read_files
from s2r.core.errors import UserError
from s2r.core.media.decode import read_audio
from s2r.core.media.encode import write_video, write_wav
from s2r.core.units import HOP, SAMPLE_RATE


@pytest.fixture
def film_pieces(benchmark_module):
    return benchmark_module("film_pieces")


@pytest.fixture
def folder(tmp_path):
    """Two films of anna (3.2 and 9.6 s) whose sound tells the time, and one of bo."""
    for name, seconds in (("anna/a", 3.2), ("anna/b", 9.6), ("bo/deep/c", 9.6)):
        path = tmp_path / "films" / f"{name}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_video(path, ramp(round(50 * seconds)), 50)
        samples = np.linspace(0, 0.9, round(seconds * SAMPLE_RATE), dtype=np.float32)
        write_wav(path.with_suffix(".wav"), samples, SAMPLE_RATE)
    return tmp_path / "films"


def test_pieces_follow_each_other_in_picture_and_sound(film_pieces, folder, tmp_path):
    names = film_pieces.write_pieces(folder, tmp_path / "out")
    assert {speaker: len(own) for speaker, own in names.items()} == {"anna": 4, "bo": 3}
    ends = []
    for name in names["bo"]:
        place = tmp_path / "out" / "bo" / name
        with h5py.File(place.with_suffix(".h5")) as file:
            frames = file["frames"]
            assert frames.attrs["frame_rate"] == 50
            count = len(frames)
        sound, rate = read_audio(place.with_suffix(".wav"))
        assert (len(sound), rate) == (count * HOP, SAMPLE_RATE)
        ends.append((sound[0], sound[-1]))
    flat = np.ravel(ends)
    assert (np.diff(flat) >= 0).all()
    assert flat[0] == pytest.approx(0, abs=1e-3) and flat[-1] == pytest.approx(0.9, abs=1e-3)


def test_the_last_pieces_of_every_speaker_are_held_out(film_pieces, folder, tmp_path):
    names = film_pieces.write_pieces(folder, tmp_path / "out")
    settings = film_pieces.settings(tmp_path / "out", names)
    assert settings["split"]["unseen_stimuli"] == ["anna-003", "bo-002"]
    assert settings["split"]["validation_stimuli"] == ["anna-002", "bo-001"]


def test_its_configuration_is_valid(film_pieces, folder, monkeypatch, tmp_path, capsys):
    output = tmp_path / "out"
    monkeypatch.setattr("sys.argv", ["film_pieces.py", str(folder), str(output)])
    film_pieces.main()
    assert "'anna': 4" in capsys.readouterr().out
    config = read_files([ROOT / "config" / "config.yaml", output / "config.yaml"])
    assert systems.evaluation_sets(config) == ["unseen_speech"]


def test_what_cannot_be_cut_is_named(film_pieces, tmp_path):
    write_video(tmp_path / "silent.mp4", ramp(50), 50)
    with pytest.raises(UserError, match=r"silent\.mp4 is silent"):
        list(film_pieces.pieces(tmp_path / "silent.mp4"))
    with pytest.raises(UserError, match="anna: 2 pieces are too few"):
        film_pieces.settings(tmp_path, {"anna": ["anna-000", "anna-001"]})
