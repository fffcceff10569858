"""Articulation codes: what they keep of a frame, for any size, and what zero means."""

from itertools import product

import numpy as np
import pytest
import torch

from helpers.phantom_pictures import recording_set, resized, video
from s2r.config.model_blocks import AutoencoderBlock
from s2r.core.errors import UserError
from s2r.core.units import to_unit_range
from s2r.model.autoencoder import load_autoencoder
from s2r.preparation.resting import resting_frame
from s2r.training.autoencoder import fit_autoencoder

SIZE, CODES = 64, 24
SUBJECTS = (1, 2, 3)
STIMULI = ("vcv1", "rainbow", "topic1")


def pictures(subject: int, stimulus: str = "vcv1", size: int = SIZE) -> torch.Tensor:
    """(T, 1, size, size) in [-1, 1]."""
    return torch.from_numpy(to_unit_range(resized(video(subject, stimulus), size)))[:, None]


def reference(subject: int, stimulus: str = "vcv1", size: int = SIZE) -> torch.Tensor:
    """(1, 1, size, size) in [-1, 1]."""
    frame = resting_frame(resized(video(subject, stimulus), size))
    return torch.from_numpy(to_unit_range(frame))[None, None]


def fit(folder, size, subjects=SUBJECTS, codes=CODES, frames=None, stimuli=STIMULI):
    """An autoencoder of the first frames of the recordings of some speakers."""
    torch.set_num_threads(1)
    videos = {
        f"s{subject}_{stimulus}": resized(video(subject, stimulus), size)[:frames]
        for subject in subjects
        for stimulus in stimuli
    }
    folder.mkdir(exist_ok=True)
    recordings = recording_set(folder, videos)
    return fit_autoencoder(AutoencoderBlock(codes), recordings, folder / "a.safetensors")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    return fit(tmp_path_factory.mktemp("autoencoder") / "fit", SIZE)


@pytest.fixture(scope="module")
def speaker(fitted):
    return fitted.speakers(reference(2, "bvt"))


def test_code_zero_is_exactly_the_reference_frame(fitted, speaker):
    assert torch.equal(fitted.decode(torch.zeros(1, CODES), speaker), speaker.reference)


def test_the_code_of_the_reference_frame_is_zero(fitted, speaker):
    assert torch.equal(fitted.encode(speaker.reference, speaker), torch.zeros(1, CODES))


def test_a_part_of_the_picture_is_decoded_as_in_the_whole(fitted, speaker):
    codes = fitted.encode(pictures(2, "bvt")[:40], speaker)
    rows, columns = slice(15, 44), slice(8, 41)
    whole = fitted.decode(codes, speaker)[..., rows, columns]
    assert torch.equal(fitted.decode(codes, speaker.within(rows, columns)), whole)


def test_codes_relative_to_another_frame_are_differences(fitted, speaker):
    frames = pictures(2, "bvt")
    codes = fitted.encode(frames, speaker)
    other = fitted.encode(frames + speaker.reference - frames[9:10], speaker)
    torch.testing.assert_close(other, codes - codes[9], atol=1e-3, rtol=0)


def test_reconstructions_of_new_speech_are_far_better_than_the_reference_frame(fitted, speaker):
    frames = pictures(2, "bvt")
    made = fitted.decode(fitted.encode(frames, speaker), speaker)
    error, copied = ((x - frames).square().mean() for x in (made, speaker.reference))
    assert error < 0.3 * copied


def test_codes_are_ordered_by_their_size_in_training(fitted):
    codes = [
        fitted.encode(pictures(*recording), fitted.speakers(reference(*recording)))
        for recording in product(SUBJECTS, STIMULI)
    ]
    power = torch.cat(codes).square().mean(0)
    assert (power[1:] <= 1.01 * power[:-1]).all()
    assert power[-1] < 0.1 * power[0]


def test_components_are_orthonormal(fitted):
    products = fitted.components @ fitted.components.T
    torch.testing.assert_close(products, torch.eye(CODES), atol=1e-4, rtol=0)


def test_shifted_pictures_give_the_shifted_video(fitted, speaker):
    """Tolerance: a fifth of what is left where the shift is not undone."""
    frames, inner = pictures(2, "bvt"), (..., slice(6, -6), slice(6, -6))
    plain = fitted.decode(fitted.encode(frames, speaker), speaker)
    moved = fitted.speakers(speaker.reference.roll(2, 3))
    codes = fitted.encode(frames, speaker)
    shifted = fitted.decode(codes, moved).roll(-2, 3) - speaker.reference
    unmoved = fitted.decode(codes, moved) - moved.reference
    expected = plain - speaker.reference
    error, wrong = ((x - expected)[inner].square().mean() for x in (shifted, unmoved))
    assert error < 0.2 * wrong
    assert error < 0.1 * expected[inner].square().mean()


@pytest.mark.parametrize("size", [64, 84, 96, 128, 136])
def test_any_size_of_pictures(tmp_path, size):
    model = fit(tmp_path, size, subjects=(1, 2), codes=8, frames=30, stimuli=("vcv1",))
    speaker = model.speakers(reference(1, size=size))
    frames = pictures(1, size=size)[:30]
    made = model.decode(model.encode(frames, speaker), speaker)
    error, copied = ((x - frames).square().mean() for x in (made, speaker.reference))
    assert error < 0.7 * copied
    noise = model.noise_for(speaker, 0, 3, 0)
    assert noise.shape == (3, 1, size, size)
    assert noise.std().item() == pytest.approx(model.noise_level.square().mean().sqrt(), rel=0.25)


def test_a_saved_autoencoder_is_the_same(fitted, speaker, tmp_path):
    again = fit(tmp_path, SIZE)
    loaded, info = load_autoencoder(tmp_path / "a.safetensors")
    assert info["recordings"] == len(SUBJECTS) * len(STIMULI)
    assert 0 < info["smallest_area"] < 1
    frames = pictures(2, "bvt")[:5]
    assert torch.equal(loaded.encode(frames, speaker), again.encode(frames, speaker))
    assert torch.equal(loaded.noise_for(speaker, 0, 3, 0), again.noise_for(speaker, 0, 3, 0))
    # deterministic: a second fit gives the same numbers
    for name, value in fitted.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name


def test_too_few_frames_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match=r"^autoencoder\.codes: 24 codes need .* there are 10; low"):
        fit(tmp_path, SIZE, subjects=(1,), frames=10, stimuli=("vcv1",))


def test_no_training_recordings_is_one_sentence(tmp_path):
    recordings = recording_set(tmp_path, {"s1_a": video(1)})
    recordings.split["set"] = "validation"
    with pytest.raises(UserError, match=r"^the split has no training recordings; see"):
        fit_autoencoder(AutoencoderBlock(2), recordings, tmp_path / "a.safetensors")


def test_files_that_are_no_autoencoder_are_refused(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"nonsense")
    for name in ("x.safetensors", "absent.safetensors"):
        with pytest.raises(UserError, match=name):
            load_autoencoder(tmp_path / name)


def test_noise_has_the_level_of_what_codes_leave(fitted):
    """The noise of generated frames is as strong as that of the training recordings."""
    speaker, frames = fitted.speakers(reference(2)), pictures(2)
    left = frames - fitted.decode(fitted.encode(frames, speaker), speaker)
    noise = fitted.noise_for(speaker, 0, 200, 0)
    assert noise.std().item() == pytest.approx(left.std().item(), rel=0.3)
    pattern = np.corrcoef(noise.std(0).flatten(), left.std(0).flatten())[0, 1]
    assert pattern > 0.6
