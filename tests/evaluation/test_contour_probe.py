"""The contour probe on drawn tongues and palates."""

import numpy as np
import pytest
import torch

from s2r.core.errors import UserError
from s2r.evaluation.metrics import contour_probe as probes
from s2r.evaluation.metrics import probe_training as training
from s2r.evaluation.metrics.contours import contour_error_mm

FIELD = 200.0


def tongues(rng, count, size=1.0):
    """Bright tongues on dark air: frames (count, 64, 64) uint8, contours (count, 20, 2) mm.

    A tongue is a half ellipse whose place and height vary; ``size`` is the subject's anatomy.
    """
    angle = np.linspace(np.pi, 2 * np.pi, 20)
    centre = np.array([95, 120]) + rng.uniform(-10, 10, (count, 1, 2))
    radius = size * np.stack([rng.uniform(32, 38, count), rng.uniform(25, 50, count)], 1)[:, None]
    contours = centre + radius * np.stack([np.cos(angle), np.sin(angle)], 1)
    y, x = (np.mgrid[:64, :64] + 0.5) * FIELD / 64
    across = (x - centre[:, :, :1]) / radius[:, :, :1]
    down = (y - centre[:, :, 1:]) / radius[:, :, 1:]
    depth = np.minimum((1 - np.hypot(across, down)) * radius.mean(2)[..., None], 30)
    depth = np.where(down > 0, (1 - np.abs(across)) * 30, depth)
    frames = 30 + 150 / (1 + np.exp(-depth / 1.5)) + 5 * rng.standard_normal((count, 64, 64))
    return np.clip(frames, 0, 255).astype(np.uint8), contours.astype(np.float32)


def known(contours):
    """The contours as those of two articulators: the front half is only known in odd frames."""
    front = contours[:, :12].copy()
    front[::2] = np.nan
    return {"velum": front, "tongue": contours}


@pytest.fixture(scope="module")
def trained():
    rng = np.random.default_rng(0)
    sets = [tongues(rng, 200, size) for size in (0.9, 1.1)]
    frames, contours = (np.concatenate(arrays) for arrays in zip(*sets, strict=True))
    subjects = np.repeat(["a", "b"], 200)
    return training.train_probe(frames, known(contours), subjects, steps=60, batch=32)


def test_it_reads_the_contour_of_a_subject_it_never_saw(trained):
    frames, contours = tongues(np.random.default_rng(1), 100, size=1.0)
    read = trained.predict(frames)
    assert tuple(read) == trained.articulators == ("tongue", "velum")
    found = read["tongue"]
    assert found.shape == contours.shape and found.dtype == np.float32
    error = contour_error_mm(found, contours).mean()
    same = np.broadcast_to(contours.mean(0), contours.shape)
    assert error < 1.0  # a pixel is 3.1 mm
    assert error < 0.3 * contour_error_mm(same, contours).mean()
    # what was known in half of the frames only
    assert contour_error_mm(read["velum"], contours[:, :12]).mean() < 1.5


def test_refinement_pays_and_blur_and_float_frames_are_read(trained):
    frames, contours = tongues(np.random.default_rng(2), 100)
    with torch.inference_mode():
        pictures = torch.from_numpy(frames / 127.5 - 1).float()[:, None]
        guess = trained.first_guess(pictures).numpy()[:, :20]
    sharp = contour_error_mm(trained.predict(frames)["tongue"], contours).mean()
    assert sharp < contour_error_mm(guess, contours).mean()
    blurred = frames.astype(np.float32)
    for axis in (1, 2):
        blurred = (np.roll(blurred, 1, axis) + 2 * blurred + np.roll(blurred, -1, axis)) / 4
    assert contour_error_mm(trained.predict(blurred)["tongue"], contours).mean() < 1.2


def assert_equal(one, other):
    assert list(one) == list(other)
    for name, contour in one.items():
        np.testing.assert_array_equal(contour, other[name])


def test_training_repeats_and_the_file_gives_the_same_probe_back(trained, tmp_path):
    frames, contours = tongues(np.random.default_rng(3), 50)
    pair = [training.train_probe(frames, known(contours), np.zeros(50), 7, 3, 8) for _ in "ab"]
    assert_equal(pair[0].predict(frames), pair[1].predict(frames))
    probes.save_probe(trained, tmp_path / "probe.safetensors")
    again = probes.load_probe(tmp_path / "probe.safetensors")
    assert_equal(again.predict(frames), trained.predict(frames))
    assert trained.predict(frames[:0])["tongue"].shape == (0, 20, 2)


def test_a_foreign_file_is_refused(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"no")
    for name in ("a.safetensors", "absent.safetensors"):
        with pytest.raises(UserError, match=name):
            probes.load_probe(tmp_path / name)


def test_augmentation_moves_contour_and_picture_alike():
    frames, contours = tongues(np.random.default_rng(4), 16)
    generator = torch.Generator().manual_seed(0)
    affine = training.random_affine(16, generator)
    pictures = torch.from_numpy(frames).float()[:, None]
    targets = torch.from_numpy(contours)
    moved = training.move_contours(targets, affine, FIELD)
    assert (moved - targets).norm(dim=-1).mean() > 2

    def edge(shift):
        """Mean grey level on the contour moved outwards by ``shift`` mm."""
        spots = moved + shift * torch.tensor([0.0, -1.0])
        grid = probes.to_grid(spots[:, 5:15, None], FIELD)
        levels = probes.sample(training.move_frames(pictures, affine), grid)
        return float(levels.mean())

    assert edge(-6) > 150 and edge(6) < 60  # tongue inside, air outside
    assert edge(0) == pytest.approx(105, abs=15)


def test_contours_of_recordings_are_joined_whatever_is_known_of_each():
    rng = np.random.default_rng(6)
    line = np.cumsum(rng.uniform(1, 2, (4, 9, 2)), 1)
    unknown = np.full((3, 9, 2), np.nan)
    parts = [{"tongue": line, "jaw": line[:, :5]}, {"tongue": unknown}, {"jaw": line[:2, :7]}]
    joined = training.join_contours(parts)
    assert {name: contour.shape for name, contour in joined.items()} == {
        "tongue": (9, 9, 2),
        "jaw": (9, 6, 2),
    }
    np.testing.assert_array_equal(joined["tongue"][:4], line.astype(np.float32))
    assert np.isnan(joined["tongue"][4:]).all() and np.isnan(joined["jaw"][4:7]).all()
    # other numbers of points: the same curve, from end to end
    np.testing.assert_allclose(joined["jaw"][7:, [0, -1]], line[:2, [0, 6]], rtol=1e-6)
    assert training.join_contours([{"tongue": unknown, "jaw": line[:3]}]).keys() == {"jaw"}
