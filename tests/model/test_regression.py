"""Ridge regression and the projection before it, against closed forms."""

import numpy as np

from s2r.model.regression import RidgeSums, fit_ridge, principal_components
from s2r.model.speech_input import fit_projection


def data(rng, count, weights, noise=0.1):
    speech = rng.normal(size=(count, len(weights) - 1)).astype(np.float32)
    targets = speech @ weights[:-1] + weights[-1]
    targets += noise * rng.normal(size=targets.shape)
    return speech, targets.astype(np.float32)


def test_weights_and_bias_are_found_again():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(6, 3))
    groups = [RidgeSums.of(*data(rng, 400, true)) for _ in range(4)]
    weights, left_out, strength = fit_ridge(groups, (1e-6, 10.0))
    assert strength == 1e-6
    np.testing.assert_allclose(weights, true, atol=0.03)
    np.testing.assert_allclose(left_out, np.broadcast_to(true, left_out.shape), atol=0.05)


def test_sums_are_the_closed_form():
    rng = np.random.default_rng(1)
    speech, targets = data(rng, 50, rng.normal(size=(4, 2)))
    x = np.c_[speech, np.ones(50)]
    penalty = np.diag([5.0, 5, 5, 0])
    expected = np.linalg.solve(x.T @ x + penalty, x.T @ targets)
    whole = RidgeSums.of(speech[:20], targets[:20]) + RidgeSums.of(speech[20:], targets[20:])
    np.testing.assert_allclose(whole.solve(0.1), expected, rtol=1e-4)
    error = np.square(x @ expected - targets).sum()
    np.testing.assert_allclose(whole.error(expected), error, rtol=1e-4)


def test_left_out_weights_never_saw_their_group():
    rng = np.random.default_rng(2)
    ordinary = [data(rng, 100, np.ones((4, 1))) for _ in range(3)]
    odd = data(rng, 100, -5 * np.ones((4, 1)))
    with_odd = [RidgeSums.of(*group) for group in [*ordinary, odd]]
    _, left_out, _ = fit_ridge(with_odd, (1e-6,))
    alone = sum((RidgeSums.of(*one) for one in ordinary[1:]), RidgeSums.of(*ordinary[0]))
    np.testing.assert_allclose(left_out[3], alone.solve(1e-6), atol=1e-4)
    assert np.abs(left_out[0] - left_out[3]).max() > 0.5


def test_strong_penalty_is_chosen_when_speech_says_nothing():
    rng = np.random.default_rng(3)
    groups = [
        RidgeSums.of(
            rng.normal(size=(30, 20)).astype(np.float32),
            rng.normal(size=(30, 2)).astype(np.float32),
        )
        for _ in range(4)
    ]
    assert fit_ridge(groups, (1e-4, 100.0))[2] == 100.0


def test_principal_components_span_the_changes():
    rng = np.random.default_rng(4)
    changes = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 64))
    components = principal_components(changes.astype(np.float32), 3)
    np.testing.assert_allclose(components @ components.T, np.eye(3), atol=1e-5)
    np.testing.assert_allclose(changes @ components.T @ components, changes, atol=1e-4)
    assert np.array_equal(components, principal_components(changes.astype(np.float32), 3))


def test_projection_is_centred_and_ignores_the_scale_of_a_dimension():
    rng = np.random.default_rng(5)
    embeddings = rng.normal(size=(500, 10)) @ rng.normal(size=(10, 10))
    stretched = embeddings * np.r_[1000, np.ones(9)] + 7
    projected = fit_projection(stretched, 4)(stretched)
    assert projected.shape == (500, 4)
    np.testing.assert_allclose(projected.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(np.square(projected).mean(), 1, atol=0.05)
    plain = fit_projection(embeddings, 4)(embeddings)
    np.testing.assert_allclose(np.abs(projected), np.abs(plain), atol=0.02)
