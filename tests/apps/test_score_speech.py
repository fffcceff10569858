"""`s2r score` of one video: what it says of its own sound, of a late one, and of another's."""

import re

import numpy as np
import pytest

from helpers.loud_pictures import recording, trained_instrument
from s2r.cli import main
from s2r.core.media.encode import write_video
from s2r.evaluation.agreement.instrument import Instrument, Usual, save_instrument

USUAL = Usual(own=(0.4, 0.7, 0.9), other=(-0.2, 0.0, 0.2), recordings=9)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working directory with an instrument where the workflow writes it."""
    monkeypatch.chdir(tmp_path)
    known = trained_instrument()
    path = tmp_path / "results" / "instruments" / "agreement-logmel.safetensors"
    save_instrument(Instrument(known.network, known.encoder, known.settings, USUAL), path)
    return tmp_path


def film(name: str, frames: np.ndarray, sound: np.ndarray | None) -> str:
    larger = frames.repeat(4, 1).repeat(4, 2)
    write_video(name, larger, 50, audio=sound, sample_rate=16_000 if sound is not None else None)
    return name


def said(capsys, *arguments: str) -> tuple[dict[str, str], str]:
    """The rows of the table, and the verdict below it."""
    assert main(["score", *arguments]) == 0
    table, below = capsys.readouterr().out.split("\n\n")
    assert "trained on the phantom knows nothing of people" in below
    return dict(re.split(r"  +", row, maxsplit=1) for row in table.splitlines()), below


def fails(capsys, *arguments: str) -> str:
    assert main(["score", *arguments]) == 1
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_a_video_and_its_own_sound(folder, capsys):
    rows, verdict = said(capsys, film("own.mp4", *recording(120, 0)))
    assert "belongs to its sound, as true videos do." in verdict
    assert float(rows["agreement (1: most; 0: as with other times)"]) > 0.4
    assert rows["the video comes after the sound by, ms"] == "0"
    assert rows["usual: true videos"] == "0.40 to 0.90"
    (found,) = [value for name, value in rows.items() if name.startswith("windows that match")]
    assert float(found.split()[0]) > 0.3


def test_a_late_video_and_one_of_other_speech(folder, capsys):
    frames, sound = recording(130, 0)
    rows, verdict = said(capsys, film("late.mp4", frames[:120], sound[4 * 320 : 124 * 320]))
    assert rows["the video comes after the sound by, ms"] == "80"
    assert "as true videos do, once it is taken to come 80 ms after the sound" in verdict
    _, verdict = said(capsys, film("wrong.mp4", frames[:120], recording(120, 5)[1]))
    assert "no more than true videos do to other speech" in verdict


def test_what_cannot_be_judged_is_one_sentence(folder, capsys):
    frames, sound = recording(60, 0)
    assert "no audio" in fails(capsys, film("mute.mp4", frames, None))
    assert "quiet.mp4 is silent" in fails(capsys, film("quiet.mp4", frames, 0 * sound))
    short = film("short.mp4", frames[:40], sound[: 40 * 320])
    assert "short.mp4 has 0.80 s of video with sound: at least 1 s" in fails(capsys, short)
    other = fails(capsys, film("a.mp4", frames, sound), "--instrument", "none.safetensors")
    assert "none.safetensors: there is no such file; make it with snakemake" in other
    assert "is for one video" in fails(capsys, "a.mp4", "a.mp4", "--instrument", "x")
