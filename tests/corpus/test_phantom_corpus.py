"""The phantom corpus on disk: layout, determinism, synchrony, truth, learnability."""

import json
from fractions import Fraction

import av
import h5py
import numpy as np
import pytest

from s2r.core.errors import UserError
from s2r.core.files import sha256_of
from s2r.core.media.decode import read_audio, read_video
from s2r.core.media.resample import resample
from s2r.corpus.articulators import ARTICULATORS
from s2r.corpus.phantom import writer as corpus
from s2r.corpus.phantom.picture import PIXEL_MM, to_pixels
from s2r.corpus.phantom.speakers import draw_speaker
from s2r.corpus.phantom.stimuli import PROFILES, Profile
from s2r.corpus.phantom.tract import PARAMETERS, TRACT_VARIABLES, contours
from s2r.corpus.phantom.utterance import plan_speech
from s2r.corpus.phantom.writer import record, recording_name, write_corpus
from s2r.corpus.truth import read_truth, truth_on_grid

SEED = 11
READ = (("vcv1", 1), ("shibboleth", 1), ("rainbow", 1))
FREE = ("topic1", None)
SPEAKERS = 3
SMALL = Profile(SPEAKERS, (*READ, FREE), 5.0, 5.0)


def paths(root, subject, stimulus, repetition):
    name = recording_name(subject, stimulus, repetition)
    home = root / f"sub{subject:03d}" / "2drt"
    return (
        home / "video" / f"{name}_video.mp4",
        home / "audio" / f"{name}_audio.wav",
        home / "truth" / f"{name}_truth.h5",
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A corpus of 3 speakers with 4 recordings of about 5 s."""
    root = tmp_path_factory.mktemp("phantom") / "small"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROFILES, "small", SMALL)
        write_corpus(root, "small", SEED)
    return root


def test_layout_and_marks(small):
    files = {str(path.relative_to(small)) for path in small.rglob("*") if path.is_file()}
    stem = "sub002/2drt/{0}/sub002_2drt_06_rainbow_r1_{1}"
    assert stem.format("video", "video.mp4") in files
    assert stem.format("audio", "audio.wav") in files
    assert stem.format("truth", "truth.h5") in files
    assert "sub001/2drt/video/sub001_2drt_17_topic1_video.mp4" in files
    assert len(files) == 3 * SPEAKERS * 4 + 1

    about = json.loads((small / "phantom.json").read_text())
    assert about["synthetic"] is True
    assert (about["generator"], about["profile"], about["seed"]) == (corpus.GENERATOR, "small", 11)
    assert about["subjects"]["sub003"]["sx"] == draw_speaker(3, SEED).sx
    with av.open(str(paths(small, 1, *FREE)[0])) as container:
        assert "synthetic" in container.metadata["comment"].lower()


def test_video_and_audio_survive_the_container(small):
    """Every frame comes back, at the scanner's rate, and the two sound tracks have no lag."""
    for subject, recording in ((1, READ[0]), (2, READ[2]), (3, FREE)):
        video, audio, truth = paths(small, subject, *recording)
        frames, rate = read_video(video)
        assert rate == Fraction(1_000_000, 12_008)
        assert frames.shape == (len(read_truth(truth).times), 84, 84)
        wave, wave_rate = read_audio(audio)
        assert wave_rate == 20_000
        assert abs(len(wave) / wave_rate - len(frames) / rate) < 0.0125

        track, track_rate = read_audio(video)
        track, wave = resample(track, track_rate, 16_000), resample(wave, 20_000, 16_000)
        count = min(len(track), len(wave))
        spectra = (np.fft.rfft(x[:count], 2 * count) for x in (track, wave))
        correlation = np.fft.irfft(next(spectra) * np.conj(next(spectra)))
        assert correlation.argmax() == 0


def test_decoded_frames_are_the_drawn_ones(small):
    take = record(2, "vcv1", SEED, SMALL, 1)
    frames, _ = read_video(paths(small, 2, "vcv1", 1)[0])
    decoded, drawn = frames.astype(float), take.frames.astype(float)
    assert abs((decoded - drawn).mean()) < 0.5
    error = np.abs(decoded - drawn).mean()
    assert error < 4  # grey levels, less than the noise of the picture
    for shifted in (decoded[1:] - drawn[:-1], decoded[:-1] - drawn[1:]):
        assert error < 0.8 * np.abs(shifted).mean()


def test_a_recording_depends_on_speaker_and_name_alone():
    size = Profile(2, (), 1.5, 1.5)
    first = record(1, "bvt", SEED, size, 1)
    record(2, "rainbow", SEED, size, 1)
    again = record(1, "bvt", SEED, size, 1)
    assert first.frames.tobytes() == again.frames.tobytes()
    assert first.wave.tobytes() == again.wave.tobytes()
    for other in (record(1, "bvt", SEED, size, 2), record(1, "bvt", SEED + 1, size, 1)):
        assert other.wave.tobytes() != first.wave.tobytes()


def test_files_do_not_depend_on_the_number_of_processes(tmp_path, monkeypatch):
    monkeypatch.setitem(PROFILES, "pair", Profile(2, (("bvt", 1), FREE), 1.2, 1.2))
    sums = []
    for processes in (1, 2):
        root = tmp_path / str(processes)
        write_corpus(root, "pair", SEED, processes)
        found = sorted(path for path in root.rglob("*") if path.is_file())
        sums.append({str(path.relative_to(root)): sha256_of(path) for path in found})
    assert sums[0] == sums[1]
    assert len(sums[0]) == 13


@pytest.mark.parametrize(
    "name", ["notes.txt", "sub900/2drt/video/sub900_2drt_06_rainbow_r1_video.mp4", "sub001/x.mp4"]
)
def test_a_folder_that_holds_anything_else_is_not_made_anew(tmp_path, small, name):
    assert not corpus._others(small)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("years of work")
    with pytest.raises(UserError, match=f"{name} belongs to no phantom and would be lost"):
        write_corpus(tmp_path, next(iter(PROFILES)), SEED)
    assert (tmp_path / name).read_text() == "years of work"


def test_nothing_is_left_of_a_corpus_that_fails(tmp_path, monkeypatch):
    def fail(*_arguments):
        raise RuntimeError("disk full")

    monkeypatch.setattr(corpus, "record", fail)
    with pytest.raises(RuntimeError, match="disk full"):
        write_corpus(tmp_path / "corpus", "tiny", SEED)
    assert list(tmp_path.iterdir()) == []


def test_unknown_profile_is_named(tmp_path):
    with pytest.raises(UserError, match=r"huge.*default"):
        write_corpus(tmp_path / "corpus", "huge", SEED)


def test_truth_describes_the_frames(small):
    video, _, path = paths(small, 3, *FREE)
    truth = read_truth(path)
    count = len(truth.times)
    np.testing.assert_allclose(truth.times, (np.arange(count) + 0.5) * 0.012008, atol=1e-9)
    assert truth.tongue_px.shape == truth.wall_px.shape == (count, 38, 2)
    assert truth.q.shape == (count, 18) and truth.tract_variables.shape == (count, 8)
    assert truth.pixel_mm == pytest.approx(200 / 84)
    assert truth.phones[0].label == "SIL" and truth.phones[0].start == 0
    assert 0 <= truth.phones[-1].end - count * 0.012008 < 0.012008
    with h5py.File(path) as file:
        assert tuple(file["q"].attrs["names"]) == PARAMETERS[:18]
        assert tuple(file["tv"].attrs["names"]) == TRACT_VARIABLES
        assert json.loads(file.attrs["speaker"])["name"] == "sub003"
        assert "0.5" in file["tongue_px"].attrs["coordinates"]

    # the middle of the air between tongue and palate is dark in the decoded picture
    frames, _ = read_video(video)
    middle = (truth.tongue_px[:, 20:30] + truth.wall_px[:, 20:30]) / 2
    gap = np.linalg.norm(truth.tongue_px - truth.wall_px, axis=-1)[:, 20:30]
    column, row = middle.astype(int)[..., 0], middle.astype(int)[..., 1]
    there = frames[np.arange(count)[:, None], row, column]
    assert np.median(there[gap > 4]) < 0.5 * np.median(there[gap < 0.5])


def test_truth_on_the_20_ms_grid(small):
    truth = read_truth(paths(small, 1, *FREE)[2])
    count = int(truth.times[-1] / 0.02)
    contour = truth_on_grid(truth, count)["tongue"]
    assert contour.shape == (count, 31, 2)

    speaker = draw_speaker(1, SEED)
    utterance = plan_speech(speaker, "topic1", SEED, SMALL)

    def exact(offset):
        q = utterance.trajectories((np.arange(count) + 0.5) * 0.02 + offset)
        return to_pixels(speaker, contours(speaker, q).inner[:, 6:37]) * PIXEL_MM

    def error(offset):
        return np.sqrt(np.mean((contour - exact(offset)) ** 2))

    assert error(0) < 0.1  # mm: what linear interpolation costs
    assert error(0) < 0.2 * min(error(-0.006), error(0.006))
    # beyond the last frame the last shape stays
    long = truth_on_grid(truth, count + 100)
    assert set(long) == set(ARTICULATORS)
    for name, points in long.items():
        np.testing.assert_allclose(points[-1], truth.contours_px[name][-1] * truth.pixel_mm)


def test_truth_of_a_wrong_file_is_named(tmp_path):
    with pytest.raises(UserError, match="no such truth"):
        read_truth(tmp_path / "absent_truth.h5")
    (tmp_path / "text_truth.h5").write_text("nothing")
    with pytest.raises(UserError, match=r"text_truth\.h5: it is damaged, or another"):
        read_truth(tmp_path / "text_truth.h5")


def log_mel(wave, rate, bands=40, reach=5):
    """Log-mel features of 20 ms bins with 5 neighbours on either side, mean removed."""
    hop, length = rate // 50, rate // 40
    count = len(wave) // hop
    padded = np.pad(wave, ((length - hop) // 2, length))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, length)[: count * hop : hop]
    power = np.abs(np.fft.rfft(pieces * np.hanning(length))) ** 2
    mel = 2595 * np.log10(1 + np.fft.rfftfreq(length, 1 / rate) / 700)
    corners = np.linspace(80, 2840, bands + 2)
    rise = (mel[:, None] - corners[:-2]) / (corners[1:-1] - corners[:-2])
    fall = (corners[2:] - mel[:, None]) / (corners[2:] - corners[1:-1])
    levels = np.log(power @ np.clip(np.minimum(rise, fall), 0, None) + 1e-6)
    levels = np.pad(levels - levels.mean(0), ((reach, reach), (0, 0)), mode="edge")
    return np.hstack([levels[shift : shift + count] for shift in range(2 * reach + 1)])


def test_speech_tells_the_tongue_and_other_speech_does_not(small):
    """Ridge regression from the sound in the mp4 to the principal components of the tongue."""
    material = {}
    for subject in range(1, SPEAKERS + 1):
        for recording in (*READ, FREE):
            video, _, truth = paths(small, subject, *recording)
            features = log_mel(*read_audio(video))
            contour = truth_on_grid(read_truth(truth), len(features))["tongue"]
            material[subject, recording] = features, contour.reshape(len(features), -1)
    means = {
        subject: np.concatenate([y for (s, _), (_, y) in material.items() if s == subject]).mean(0)
        for subject in range(1, SPEAKERS + 1)
    }

    def joined(recordings, other=0):
        """Features and centred contours; ``other`` takes the speech of another speaker."""
        x, y = [], []
        for subject, recording in recordings:
            speech = material[(subject - 1 + other) % SPEAKERS + 1, recording][0]
            shape = material[subject, recording][1] - means[subject]
            count = min(len(speech), len(shape))
            x.append(speech[:count])
            y.append(shape[:count])
        return np.concatenate(x), np.concatenate(y)

    subjects = range(1, SPEAKERS + 1)
    x, y = joined([(subject, recording) for subject in subjects for recording in READ])
    components = np.linalg.svd(y, full_matrices=False)[2][:6].T
    centre = x.mean(0)
    gram = (x - centre).T @ (x - centre) + 3e3 * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, (x - centre).T @ (y @ components))

    def r2(other):
        x, y = joined([(subject, FREE) for subject in subjects], other)
        y = y @ components
        return 1 - np.sum((y - (x - centre) @ weights) ** 2) / np.sum((y - y.mean(0)) ** 2)

    assert r2(other=0) > 0.4
    assert r2(other=1) < 0.05
