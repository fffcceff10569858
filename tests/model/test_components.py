"""Principal components, and the projection of speech, against closed forms."""

import numpy as np

from s2r.model.components import principal_components
from s2r.model.speech_input import fit_projection


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
