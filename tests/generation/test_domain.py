"""Pictures of another kind than a model was trained on are remarked upon, not refused."""

import numpy as np
import pytest
from PIL import Image

from helpers.utterance_model import film_of
from s2r.core.media.encode import write_video
from s2r.generation.domain import LEAST_BOUND, domain_of
from s2r.generation.folder_content import read_content
from s2r.generation.model_folder import load_model_folder
from s2r.generation.speaker import reference_frame


@pytest.fixture(scope="module")
def loaded(utterance_folder):
    return load_model_folder(utterance_folder / "model")


def remarks(loaded, path):
    said = []
    reference_frame(loaded, None, [path], True, said.append)
    return said


def another_kind(picture: np.ndarray) -> np.ndarray:
    """Another outline with other grey levels, as of another scanner."""
    rows, columns = np.mgrid[: len(picture), : len(picture)]
    return np.where(np.sin(rows / 1.5) * np.sin(columns / 2) > 0, picture[::-1], 255 - picture)


def test_the_training_distribution_is_in_the_folder(loaded, utterance_folder):
    errors = read_content(utterance_folder / "model").registration
    assert len(errors) == len(loaded.references) == len(loaded.domain.errors)
    assert 0 < min(errors) < max(errors)
    assert loaded.domain.bound == max(LEAST_BOUND, 3 * max(errors))


def test_a_speaker_of_the_same_kind_is_not_remarked_upon(loaded, utterance_folder):
    assert not remarks(loaded, film_of(utterance_folder, 3, "topic1"))


def test_pictures_and_films_of_another_kind_are(loaded, tmp_path):
    picture = another_kind(loaded.references["sub001"])
    path = tmp_path / "scan.png"
    Image.fromarray(picture).save(path)
    (said,) = remarks(loaded, path)
    assert said.startswith(f"{path} does not look like the pictures that the model was trained on")
    assert said.endswith("may be wrong (docs/adapt.md)")
    film = tmp_path / "scan.mp4"
    write_video(film, np.repeat(picture[None], 30, 0), 25)
    assert len(remarks(loaded, film)) == 1


def test_of_one_reference_the_model_s_own_is_the_template(loaded):
    """An adapted model of a scanner's pictures: the phantom is another kind to it."""
    own = another_kind(loaded.references["sub001"])
    domain = domain_of(loaded.model, [own], [0.0])
    assert not domain.remark("own", own)
    assert domain.remark("phantom", loaded.references["sub001"])
