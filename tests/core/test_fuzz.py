"""Damaged videos and sounds: each is a recording or a row with a reason, and nothing worse.

The mutants are examined in processes of their own, which are watched: a crash, a standstill and
too much memory are listed with the number of the mutant, which draws it again.
"""

import re
from collections import Counter

import numpy as np
import pytest

from helpers.films import copied, flash_and_beep, write_sound
from helpers.repository import HELPERS
from helpers.survey import survey
from s2r.core.media.encode import write_video, write_wav
from s2r.core.media.resample import resample
from s2r.corpus.phantom.acoustics import SAMPLE_RATE
from s2r.corpus.phantom.writer import FRAME_PERIOD, record

WORKER = HELPERS / "fuzz_worker.py"
PATIENCE = 60
"""Seconds after which a mutant has stopped the index."""
MEGABYTES = 500
"""By which one mutant may raise the memory; the files have 0.1 MB."""
FRAMES = 100


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Videos with sound, and sounds, of 1.2 s from the tiny phantom; ``silent.mp4`` beside them.

    The first are as s2r writes them, the others of each kind of container it reads.
    """
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "files").mkdir()
    for stimulus in ("vcv1", "bvt"):
        take = record(1, stimulus, 1, "tiny", 1)
        frames = take.frames[40 : 40 + FRAMES]
        first, last = (round(n * FRAME_PERIOD * SAMPLE_RATE) for n in (40, 40 + FRAMES))
        wave = take.wave[first:last]
        video = folder / "files" / f"{stimulus}.mp4"
        write_video(video, frames, 1 / FRAME_PERIOD, wave, SAMPLE_RATE, preset="superfast")
        write_wav(video.with_suffix(".wav"), wave, SAMPLE_RATE)
    write_video(folder / "silent.mp4", frames, 1 / FRAME_PERIOD, preset="superfast")
    flash_and_beep(folder / "files" / "other.avi", "mpeg4", "pcm_s16le")
    for name in ("other.mkv", "other.ts"):
        copied(folder / "files" / "vcv1.mp4", folder / "files" / name)
    samples = wave.astype(np.float32)
    for name, codec in (("other.ogg", "libopus"), ("other.mp3", "libmp3lame")):
        write_sound(folder / "files" / name, codec, resample(samples, SAMPLE_RATE, 48_000), 48_000)
    return folder


def inputs(files):
    """What the worker takes: the files to change, and a video without sound."""
    return [files / "files", files / "silent.mp4"]


def assert_harmless(results: list[dict]) -> None:
    bad = [one for one in results if one["status"] not in ("ok", "defect") or "error" in one]
    # An exception that nobody thought of is a row too, but no sentence.
    bad += [one for one in results if re.match(r"unreadable: \w+(Error|Exception):", one["reason"])]
    bad += [one for one in results if bool(one["reason"]) != (one["status"] == "defect")]
    bad += [one for one in results if one["megabytes"] > MEGABYTES]
    assert not bad, "\n".join(map(str, bad[:20]))
    print(Counter((one["file"][-3:], one["status"], "refused" in one) for one in results))
    # Mutants that are all refused, or all fine, would show nothing.
    for suffix in ("mp4", "wav"):
        share = [one["status"] == "ok" for one in results if one["file"].endswith(suffix)]
        assert 0.1 < sum(share) / len(share) < 0.9


def test_a_hundred_mutants_are_recordings_or_rows_with_a_reason(files):
    results = survey(WORKER, inputs(files), 0, 100, PATIENCE)
    assert [one["mutant"] for one in results] == [*range(100)]
    assert_harmless(results)


@pytest.mark.slow
def test_two_thousand_mutants_are_recordings_or_rows_with_a_reason(files):
    assert_harmless(survey(WORKER, inputs(files), 100, 2100, PATIENCE))


def test_the_survey_sees_crashes(files, tmp_path):
    worker = tmp_path / "worker.py"
    worker.write_text(
        "import json, os, sys, time\n"
        "for n in range(int(sys.argv[3]), int(sys.argv[4])):\n"
        "    print(json.dumps({'mutant': n}), flush=True)\n"
        "    n != 1 or os.abort()\n"
        "    n != 3 or time.sleep(60)\n"
        "    said = {'mutant': n, 'file': 'a.mp4', 'status': 'ok', 'reason': '', 'megabytes': 0}\n"
        "    print(json.dumps(said), flush=True)\n"
    )
    results = survey(worker, inputs(files), 0, 5, patience=3)
    assert [one["mutant"] for one in results] == [*range(5)]
    assert "ended with -6" in results[1]["status"]
    assert "nothing happened" in results[3]["status"]
    with pytest.raises(AssertionError, match="ended with -6"):
        assert_harmless(results)
