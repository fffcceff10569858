"""The drawn phantom: sub-pixel polygons, moving textures, lips, closures, acquisition."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from s2r.corpus.phantom import picture
from s2r.corpus.phantom.acquisition import acquire
from s2r.corpus.phantom.articulators import Part, moving_parts
from s2r.corpus.phantom.phones import EVERY_PHONE, NEUTRAL, PHONES
from s2r.corpus.phantom.picture import PIXEL_MM, SIZE, draw, tissue, to_pixels
from s2r.corpus.phantom.raster import coverage, paint
from s2r.corpus.phantom.speakers import REFERENCE, draw_speaker
from s2r.corpus.phantom.tract import PARAMETERS, column, contours, warp

TILTED = replace(draw_speaker(3, 5), head_tilt_degrees=9.0, head_offset_mm=(5.0, -3.0))


def posture(phone: str, **changes: float) -> np.ndarray:
    """Targets (1, P) of a phone, held."""
    values = dict.fromkeys(PARAMETERS, 0.0) | dict(NEUTRAL)
    for targets in (EVERY_PHONE, PHONES[phone].targets):
        values |= {name: target[0] for name, target in targets.items()}
    return np.array([list((values | changes).values())])


@pytest.fixture
def smooth(monkeypatch):
    """Tissue without texture, so that intensities can be compared with numbers."""
    flat = np.ones((picture._FIELD, picture._FIELD), np.float32)
    monkeypatch.setattr(picture, "_texture", lambda rng: flat)


def at(image: np.ndarray, speaker, points) -> np.ndarray:
    """Intensities of an image (84, 84) at points (..., 2) mm of the speaker's plane."""
    x, y = np.moveaxis(to_pixels(speaker, points), -1, 0)
    return ndimage.map_coordinates(image, (y - 0.5, x - 0.5), order=1)


def test_coverage_is_the_exact_area():
    rng = np.random.default_rng(0)
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = rng.uniform(6, 14, (5, 40))
    star = np.stack([20 + radius * np.cos(angle), 18 + radius * np.sin(angle)], -1)
    x, y = star[..., 0], star[..., 1]
    area = np.abs((x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(1)) / 2
    covered = coverage(star, 36, 40)
    np.testing.assert_allclose(covered.sum((1, 2)), area, rtol=1e-5)
    assert covered.min() >= -1e-6 and covered.max() <= 1

    # either direction of the outline, and outlines that leave the picture on every side
    np.testing.assert_allclose(coverage(star[:, ::-1], 36, 40), covered, atol=1e-5)
    cut = coverage(star - (15, 12), 14, 12)
    np.testing.assert_allclose(cut, covered[:, 12:26, 15:27], atol=1e-5)


def test_polygon_edges_are_not_rounded_to_pixels():
    square = np.array([[(1.25, 2.5), (4.75, 2.5), (4.75, 5.1), (1.25, 5.1)]])
    canvas = np.zeros((1, 8, 8), np.float32)
    paint(canvas, square, 2.0)
    across, down = np.array([0, 0.75, 1, 1, 0.75, 0, 0, 0]), np.array([0, 0, 0.5, 1, 1, 0.1, 0, 0])
    np.testing.assert_allclose(canvas[0], 2 * down[:, None] * across, atol=1e-6)


def test_texture_stands_still_in_bone_and_brain_and_travels_with_the_tongue(monkeypatch):
    # without the fibres of the genioglossus, which bend with the tongue
    monkeypatch.setattr(
        picture, "moving_parts", lambda *a: [p for p in moving_parts(*a) if p.intensity != 0.69]
    )
    q = np.repeat(posture("AX"), 12, axis=0)
    q[:, column("F")] = np.linspace(-8, 9, 12)
    q[:, column("jaw")] = np.linspace(9, 2, 12)
    shape = contours(REFERENCE, q)
    frames = tissue(REFERENCE, q, shape)

    still = {"brain": (90, 62), "vertebra": (97, -50), "skull base": (40, 62), "clivus": (84, 38)}
    for name, centre in still.items():
        column_, row = to_pixels(REFERENCE, np.array(centre, float)).astype(int)
        patch = frames[:, row - 2 : row + 3, column_ - 2 : column_ + 3]
        assert np.ptp(patch, axis=0).max() == 0, name
        assert patch[0].std() > 0.01, f"{name} has no texture"

    # the tongue's texture: its fine pixels follow the mean of its outline
    tongue = next(part for part in moving_parts(REFERENCE, q, shape) if part.intensity == 0.60)
    travel = to_pixels(REFERENCE, tongue.outline).mean(1)
    travel -= travel[0]
    assert np.abs(travel[-1]).max() > 1.5, "the tongue of this test should move"
    moved = ndimage.shift(frames[-1], -travel[-1][::-1], order=1)
    x, y = to_pixels(REFERENCE, np.array([42.0, -27.0])).astype(int)
    patch = np.s_[y - 5 : y + 6, x - 5 : x + 6]
    following = np.corrcoef(frames[0][patch].ravel(), moved[patch].ravel())[0, 1]
    staying = np.corrcoef(frames[0][patch].ravel(), frames[-1][patch].ravel())[0, 1]
    assert following > 0.9
    assert staying < following - 0.2


def test_texture_of_a_part_moves_by_fractions_of_a_pixel():
    box = np.array([(20, 20), (60, 20), (60, 60), (20, 60)], float)
    steps = np.array([(0, 0), (3, 0), (2.5, -1.25)])
    part = Part(0.6, box + steps[:, None], textured=True)
    canvas = np.zeros((3, 84, 84), np.float32)
    field = picture._texture(np.random.default_rng(1))
    picture._paint_part(canvas, part, field)
    inside = np.s_[26:54, 26:54]
    np.testing.assert_allclose(canvas[1][26:54, 29:57], canvas[0][inside], atol=1e-5)
    back = ndimage.shift(canvas[2], (1.25, -2.5), order=1)
    np.testing.assert_allclose(back[inside], canvas[0][inside], atol=0.01)
    assert canvas[0][inside].std() > 0.03


@pytest.mark.parametrize("speaker", [REFERENCE, replace(draw_speaker(2, 5), head_tilt_degrees=0)])
def test_drawn_lip_gap_is_the_acoustic_one(smooth, speaker):
    heights = np.array([-1.5, 0.0, 0.4, 1.0, 2.5, 5.0, 8.0, 12.0])
    q = np.concatenate([posture("AX", lh=height, lp=0.0, jaw=2.0) for height in heights])
    frames = tissue(speaker, q, contours(speaker, q))
    # the column of pixels through the flat rims; lips reach well beyond 6 mm above and below
    middle = warp(speaker, np.array([-8.2, -1.5]))
    x = int(to_pixels(speaker, middle)[0])
    above, below = warp(speaker, np.array([(-8.2, 6.0), (-8.2, -13.0)]))
    rows = slice(*np.rint(to_pixels(speaker, np.stack([above, below]))[:, 1]).astype(int))
    line = frames[:, rows, x]
    air = ((0.62 - line) / (0.62 - 0.02)).clip(0).sum(1) * PIXEL_MM
    np.testing.assert_allclose(air, np.maximum(heights, 0) * speaker.sy, atol=0.2)  # mm


@pytest.mark.parametrize("speaker", [REFERENCE, TILTED])
@pytest.mark.parametrize("phone", ["T", "K", "NG"])
def test_closures_are_closed_in_the_picture(smooth, phone, speaker):
    q = posture(phone)
    shape = contours(speaker, q)
    image = tissue(speaker, q, shape)[0]
    gap = np.linalg.norm(shape.outer[0] - shape.inner[0], axis=1)
    line = np.flatnonzero(gap[12:36] < 0.05)[0] + 12
    across = shape.outer[0, line] - warp(speaker, np.array([38.0, -22.0]))
    across /= np.linalg.norm(across)
    path = shape.inner[0, line] + np.linspace(-2, 0.3, 12)[:, None] * across
    closed = at(image, speaker, path).min()
    assert closed > 0.35

    # the same phone with a gap of about a pixel lets the air through
    organ = "tt" if phone == "T" else "tb"
    q = posture(phone, **{f"{organ}_gap": 3.0})
    air = at(tissue(speaker, q, contours(speaker, q))[0], speaker, path).min()
    assert air < closed - 0.15


@pytest.mark.parametrize("speaker", [REFERENCE, TILTED])
def test_contours_lie_on_the_drawn_edges(smooth, speaker):
    """The stored truth and the picture share one mapping, head pose included."""
    q = posture("AX", F=-4.0)
    shape = contours(speaker, q)
    image = tissue(speaker, q, shape)[0]
    lines = np.arange(18, 30)
    outward = shape.outer[0, lines] - shape.inner[0, lines]
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    edge = shape.inner[0, lines]
    offsets = np.linspace(-4, 4, 81)
    profile = np.stack([at(image, speaker, edge + step * outward) for step in offsets])
    threshold = (0.60 + 0.02) / 2
    crossing = offsets[(profile < threshold).argmax(0)]
    assert np.abs(crossing).max() < 1.0  # mm, a pixel is 2.4
    assert abs(crossing.mean()) < 0.4


def test_velum_opens_the_port(smooth):
    """Behind a lowered velum the air of throat and nose is one; a raised one parts them."""
    throat, nose = np.array([80.0, -24.0]), np.array([79.0, 9.0])
    darkest_barrier = {}
    for velum in (0.0, 0.8):
        q = posture("M", vel=velum)
        image = tissue(REFERENCE, q, contours(REFERENCE, q))[0]
        path = throat + np.linspace(0, 1, 40)[:, None] * (nose - throat)
        sides = np.linspace(-3, 2.5, 12)[:, None, None] * (1, 0)
        darkest_barrier[velum] = at(image, REFERENCE, path + sides).max(1).min()
    assert darkest_barrier[0.8] < 0.30
    assert darkest_barrier[0.0] > 0.40


def test_noise_has_the_speakers_snr_and_is_rician():
    level = np.zeros((40, SIZE, SIZE), np.float32)
    level[:, :, SIZE // 2 :] = 0.55
    even, none = np.ones((SIZE, SIZE)), np.zeros((SIZE, SIZE))
    clean = acquire(level, even, none, np.inf, np.random.default_rng(0))
    noisy = acquire(level, even, none, 30.0, np.random.default_rng(0))
    bright, dark = np.s_[:, 8:-8, 56:70], np.s_[:, 8:-8, 14:28]
    assert (noisy - clean)[bright].std() == pytest.approx(0.55 / 30, rel=0.05)
    # without signal the magnitude of complex noise has a mean of sigma sqrt(pi / 2)
    assert noisy[dark].mean() == pytest.approx(0.55 / 30 * np.sqrt(np.pi / 2), rel=0.1)


def test_acquisition_blurs_time_by_the_shares_of_its_window():
    pulse = np.zeros((7, SIZE, SIZE), np.float32)
    pulse[3, 30:50, 30:50] = 1
    even, none = np.ones((SIZE, SIZE)), np.zeros((SIZE, SIZE))
    seen = acquire(pulse, even, none, np.inf, np.random.default_rng(0))[:, 40, 40]
    np.testing.assert_allclose(seen / seen.sum(), [0, 0, 0.18, 0.64, 0.18, 0, 0], atol=1e-3)


def test_draw_depends_on_its_arguments_alone():
    speaker = draw_speaker(1, 3)
    q = np.concatenate([posture(phone) for phone in ("SIL", "IY", "AA", "M", "UW")])
    shape = contours(speaker, q)
    frames = draw(speaker, q, shape, np.random.default_rng(4))
    assert frames.shape == (5, SIZE, SIZE) and frames.dtype == np.uint8
    again = draw(speaker, q, shape, np.random.default_rng(4))
    np.testing.assert_array_equal(frames, again)
    other = draw(speaker, q, shape, np.random.default_rng(5))
    difference = frames.astype(float) - other
    assert 0 < np.abs(difference).mean() < 6, "another draw of the noise, the same picture"
    assert 30 < frames.mean() < 90 and np.mean(frames == 255) < 0.01
