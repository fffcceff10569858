"""The contour probe on drawn tongues, and the distance that it is judged by."""

import numpy as np
import pytest
import torch

from s2r.core.errors import UserError
from s2r.evaluation.metrics import contour_probe as probes

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


@pytest.fixture(scope="module")
def trained():
    rng = np.random.default_rng(0)
    sets = [tongues(rng, 200, size) for size in (0.9, 1.1)]
    frames, contours = (np.concatenate(arrays) for arrays in zip(*sets, strict=True))
    subjects = np.repeat(["a", "b"], 200)
    return probes.train_probe(frames, contours, subjects, steps=60, batch=32)


def test_it_reads_the_contour_of_a_subject_it_never_saw(trained):
    frames, contours = tongues(np.random.default_rng(1), 100, size=1.0)
    found = trained.predict(frames)
    assert found.shape == contours.shape and found.dtype == np.float32
    error = probes.contour_error_mm(found, contours).mean()
    same = np.broadcast_to(contours.mean(0), contours.shape)
    assert error < 1.0  # a pixel is 3.1 mm
    assert error < 0.3 * probes.contour_error_mm(same, contours).mean()


def test_refinement_pays_and_blur_and_float_frames_are_read(trained):
    frames, contours = tongues(np.random.default_rng(2), 100)
    with torch.inference_mode():
        pictures = torch.from_numpy(frames / 127.5 - 1).float()[:, None]
        guess = trained.first_guess(pictures).numpy()
    sharp = probes.contour_error_mm(trained.predict(frames), contours).mean()
    assert sharp < probes.contour_error_mm(guess, contours).mean()
    blurred = frames.astype(np.float32)
    for axis in (1, 2):
        blurred = (np.roll(blurred, 1, axis) + 2 * blurred + np.roll(blurred, -1, axis)) / 4
    assert probes.contour_error_mm(trained.predict(blurred), contours).mean() < 1.2


def test_training_repeats_and_the_file_gives_the_same_probe_back(trained, tmp_path):
    frames, contours = tongues(np.random.default_rng(3), 50)
    pair = [probes.train_probe(frames, contours, np.zeros(50), 7, 3, 8) for _ in range(2)]
    np.testing.assert_array_equal(pair[0].predict(frames), pair[1].predict(frames))
    probes.save_probe(trained, tmp_path / "probe.safetensors")
    again = probes.load_probe(tmp_path / "probe.safetensors")
    np.testing.assert_array_equal(again.predict(frames), trained.predict(frames))
    assert trained.predict(frames[:0]).shape == (0, 20, 2)


def test_a_foreign_file_is_refused(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"no")
    for name in ("a.safetensors", "absent.safetensors"):
        with pytest.raises(UserError, match=name):
            probes.load_probe(tmp_path / name)


def test_augmentation_moves_contour_and_picture_alike():
    frames, contours = tongues(np.random.default_rng(4), 16)
    generator = torch.Generator().manual_seed(0)
    affine = probes.random_affine(16, generator)
    pictures = torch.from_numpy(frames).float()[:, None]
    targets = torch.from_numpy(contours)
    moved = probes.move_contours(targets, affine, FIELD)
    assert (moved - targets).norm(dim=-1).mean() > 2

    def edge(shift):
        """Mean grey level on the contour moved outwards by ``shift`` mm."""
        spots = moved + shift * torch.tensor([0.0, -1.0])
        levels = probes.sample(probes.move_frames(pictures, affine), spots[:, 5:15, None], FIELD)
        return float(levels.mean())

    assert edge(-6) > 150 and edge(6) < 60  # tongue inside, air outside
    assert edge(0) == pytest.approx(105, abs=15)


def test_the_error_is_a_distance_between_curves():
    x = np.linspace(0, 50, 31)
    flat = np.stack([x, np.zeros(31)], 1)[None]
    raised = flat + np.array([0.0, 2.0])
    assert probes.contour_error_mm(flat, raised)[0] == pytest.approx(2, abs=1e-5)
    # the same curve with its points elsewhere
    warped = np.stack([50 * (x / 50) ** 1.5, np.zeros(31)], 1)[None]
    assert probes.contour_error_mm(flat, warped)[0] == pytest.approx(0, abs=1e-4)
    # a missing tip is seen from the other side
    assert probes.contour_error_mm(flat[:, :20], flat)[0] > 1
    with pytest.raises(ValueError):
        probes.contour_error_mm(flat, np.concatenate([flat, flat]))


def test_only_the_visible_part_of_the_phantom_counts():
    rng = np.random.default_rng(5)
    contours = rng.uniform(0, 200, (3, 38, 2))
    assert probes.visible_part(contours).shape == (3, 31, 2)
    other = contours.copy()
    other[:, :6] += 50
    other[:, 37:] += 50
    np.testing.assert_allclose(probes.contour_error_mm(other, contours), 0, atol=1e-3)
    assert probes.visible_part(contours[:, :31]).shape == (3, 31, 2)
