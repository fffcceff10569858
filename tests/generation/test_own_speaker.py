"""A speaker from pictures alone: stills, several of them, films with and without rest."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from helpers.tiny_model import heads, write_tiny_model
from helpers.utterance_model import film_of
from s2r.core.errors import UserError
from s2r.core.media.decode import read_audio, read_video
from s2r.core.media.encode import write_video, write_wav
from s2r.core.media.resample import resample
from s2r.core.units import SAMPLE_RATE
from s2r.generation.model_folder import load_model_folder
from s2r.generation.speaker import reference_frame
from s2r.generation.stretches import generate_stretches, stretches

ENLARGED = 4


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return load_model_folder(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture(scope="module")
def utterance(utterance_folder):
    return load_model_folder(utterance_folder / "model")


def save(path, picture: np.ndarray, factor: int = 1):
    """Write a picture, every pixel ``factor`` x ``factor`` pixels large."""
    Image.fromarray(picture.repeat(factor, 0).repeat(factor, 1)).save(path)
    return path


def refused(*arguments) -> str:
    with pytest.raises(UserError) as error:
        reference_frame(*arguments, False)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_stills_of_any_size_are_averaged(tmp_path, tiny):
    head = heads()["sub002"].astype(float)
    rng = np.random.default_rng(0)
    noisy = np.clip(head + rng.normal(0, 12, (8, *head.shape)), 0, 255).astype(np.uint8)
    paths = [
        save(tmp_path / f"{number}.png", picture, 1 + number % 3)
        for number, picture in enumerate(noisy)
    ]
    (one, several) = (reference_frame(tiny, None, some, False) for some in (paths[:1], paths))

    def error(found):
        """What remains of the noise, apart from brightness and contrast."""
        return 1 - np.corrcoef(found.ravel(), head.ravel())[0, 1]

    assert error(several) < 0.4 * error(one)


def test_stills_of_a_speaker_keep_one_scale(tmp_path, tiny):
    """A picture of half the brightness stays darker: it is not stretched to the full range."""
    head = heads()["sub001"]
    paths = [save(tmp_path / "a.png", head), save(tmp_path / "b.png", head // 2)]
    found = reference_frame(tiny, None, paths, False)
    assert 0.7 < found.max() / reference_frame(tiny, None, paths[:1], False).max() < 0.8


def test_more_than_256_grey_levels(tmp_path, tiny):
    head = heads()["sub001"]
    deep = save(tmp_path / "deep.png", head.astype(np.uint16) * 200)
    plain = save(tmp_path / "plain.png", head)
    found = [reference_frame(tiny, None, [path], False).astype(int) for path in (deep, plain)]
    assert np.abs(found[0] - found[1]).max() <= 1


def test_pictures_of_different_depths_weigh_the_same(tmp_path, tiny):
    head = heads()["sub001"]
    paths = [save(tmp_path / "a.png", head), save(tmp_path / "b.png", head.astype(np.uint16) * 16)]
    mixed, plain = (reference_frame(tiny, None, some, False) for some in (paths, paths[:1]))
    assert np.abs(mixed.astype(int) - plain).max() <= 1


def test_the_content_decides_what_a_reference_is(tmp_path, tiny):
    """A film called .png is a film, a picture called .mp4 a picture."""
    head = heads()["sub001"].repeat(ENLARGED, 0).repeat(ENLARGED, 1)
    write_video(tmp_path / "a.mp4", head[None].repeat(12, 0), 50)
    (tmp_path / "a.mp4").rename(tmp_path / "film.png")
    save(tmp_path / "b.png", head).rename(tmp_path / "picture.mp4")
    for name in ("film.png", "picture.mp4"):
        found = reference_frame(tiny, None, [tmp_path / name], False)
        assert np.corrcoef(found.ravel(), heads()["sub001"].ravel())[0, 1] > 0.98


def test_all_pages_of_a_file_count(tmp_path, tiny):
    first, second = heads()["sub001"], heads()["sub002"]
    pages = [Image.fromarray(picture) for picture in (first, second)]
    pages[0].save(tmp_path / "pages.tiff", save_all=True, append_images=pages[1:])
    apart = [save(tmp_path / "a.png", first), save(tmp_path / "b.png", second)]
    found = reference_frame(tiny, None, [tmp_path / "pages.tiff"], False)
    assert np.array_equal(found, reference_frame(tiny, None, apart, False))


def test_each_error_names_the_file(tmp_path, tiny):
    head = heads()["sub001"]
    good = [save(tmp_path / f"{number}.png", head) for number in range(2)]
    upside_down = save(tmp_path / "turned.png", np.ascontiguousarray(head[::-1, ::-1]))
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "notes.png").write_text("hello")
    (tmp_path / "empty.mp4").write_bytes(b"")
    write_wav(tmp_path / "sound.wav", np.zeros(16_000, np.float32), 16_000)
    for name, words in (
        ("none.png", "there is no such file"),
        ("notes.txt", "neither a picture nor a film"),
        ("notes.png", "neither a picture nor a film"),
        ("empty.mp4", "the file is empty"),
        ("sound.wav", "no video stream"),
        (upside_down.name, "does not look like a midsagittal rtMRI frame"),
    ):
        sentence = refused(tiny, None, [*good, tmp_path / name])
        assert sentence.startswith(str(tmp_path / name))
        assert words in sentence
    assert reference_frame(tiny, None, [*good, upside_down], True).shape == head.shape


def test_pictures_of_two_speakers_are_refused(tmp_path, tiny):
    """Both resemble the model's mean frame a little, but not each other."""
    head = heads()["sub001"]
    left = np.arange(head.shape[1]) < 9
    halves = [np.where(side, head, 255 - head).astype(np.uint8) for side in (left, ~left)]
    mean = np.mean(list(tiny.references.values()), axis=0)
    likeness = [np.corrcoef(half.ravel(), mean.ravel())[0, 1] for half in halves]
    lenient = replace(tiny, least_correlation=min(likeness) - 0.05)
    paths = [save(tmp_path / f"{name}.png", half) for name, half in zip("ab", halves, strict=True)]
    for path in paths:
        reference_frame(lenient, None, [path], False)
    assert "does not show the same speaker" in refused(lenient, None, paths)
    assert reference_frame(lenient, None, paths, True).shape == head.shape


def test_a_film_of_one_frame_is_a_picture(tmp_path, tiny):
    head = heads()["sub001"].repeat(ENLARGED, 0).repeat(ENLARGED, 1)
    write_video(tmp_path / "one.mp4", head[None], Fraction(250, 3))
    found = reference_frame(tiny, None, [tmp_path / "one.mp4"], False)
    assert np.corrcoef(found.ravel(), heads()["sub001"].ravel())[0, 1] > 0.98


def shown(model, samples: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The video of a sound without noise, (T, H, W) float."""
    clean = replace(model, model=model.model.clean())
    pieces = stretches([samples], len(samples), 0)
    videos = generate_stretches(pieces, clean, reference, 0, lambda frames: None)
    return np.concatenate(list(videos)).astype(float)


@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.parametrize("cut", [40, 60])
def test_a_film_that_begins_in_speech_does_not_spoil_the_video(
    tmp_path, utterance, utterance_folder, cut, silent
):
    """Its reference gives nearly the video of the model's own; its first frame would not."""
    source = film_of(utterance_folder, 1, "topic1")
    frames, rate = read_video(source)
    sound, sound_rate = read_audio(source)
    later = sound[round(cut / rate * sound_rate) :]
    write_video(tmp_path / "film.mp4", frames[cut:], rate, None if silent else later, sound_rate)
    write_video(tmp_path / "first.mp4", frames[cut : cut + 1], rate)
    samples = resample(sound, sound_rate, SAMPLE_RATE)
    own = utterance.references["sub001"]
    expected = shown(utterance, samples, own)
    error = {}
    for name in ("film", "first"):
        reference = reference_frame(utterance, None, [tmp_path / f"{name}.mp4"], False)
        error[name] = np.abs(shown(utterance, samples, reference) - expected).mean()
    assert error["film"] < 3.0
    assert error["first"] > 2 * error["film"]
