"""What stands above a model card, for the Hugging Face hub."""

import pytest
from huggingface_hub import ModelCard

from s2r.core.origin import program
from s2r.generation.card_metadata import exported_by, metadata, without_metadata


@pytest.mark.parametrize(
    ("corpus", "licence", "data"),
    [
        ("phantom", "mit", ["s2r-phantom"]),
        ("usc75", "cc-by-4.0", ["usc-75-speaker-rtmri"]),
        ("folder", "unknown", None),
    ],
)
def test_the_hub_reads_the_metadata_and_people_do_not(corpus, licence, data):
    text = metadata(corpus) + "# model\n\n---\n\nMore.\n"
    about = ModelCard(text, ignore_metadata_errors=False).data
    assert (about.license, about.library_name, about.datasets) == (licence, "s2r", data)
    assert "real-time-mri" in about.tags
    assert about.pipeline_tag is None
    assert exported_by(text) == about.exported_by == program()
    assert without_metadata(text) == "# model\n\n---\n\nMore.\n"


def test_a_card_without_metadata_stays_as_it_is():
    for text in ("# model\n", "", "---\nno end\n", "# a\n\n---\nlicense: mit\n---\n"):
        assert without_metadata(text) == text
        assert exported_by(text) == ""
