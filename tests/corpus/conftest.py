"""What tests of the corpus share."""

import numpy as np
import pytest

from s2r.core.media.encode import write_video


@pytest.fixture(scope="session")
def film(tmp_path_factory) -> bytes:
    """A film of half a second, with sound."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (25, 16, 16), dtype=np.uint8)
    write_video(path, pictures, 50, (0.1 * rng.standard_normal(8000)).astype(np.float32), 16_000)
    return path.read_bytes()
