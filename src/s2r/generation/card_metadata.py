"""The lines of YAML above a model card: how the Hugging Face hub lists a model, and finds it."""

import re

import yaml

from s2r.core.origin import program

LIBRARY = "s2r"
TAGS = ("s2r", "speech", "real-time-mri", "vocal-tract", "video-generation")
"""The hub has no task from speech to video, so a card names none."""

CORPORA = {"phantom": ("mit", "s2r-phantom"), "usc75": ("cc-by-4.0", "usc-75-speaker-rtmri")}
"""Licence of a model and name of its data set, by the kind of its corpus: the phantom is part of
this package, and the USC corpus is CC BY 4.0."""

UNKNOWN = "unknown"
"""Licence of a model of any other corpus: whoever shares it knows."""

MOST = 4000
"""Characters of the YAML that are read."""

_HEAD = re.compile(r"\A---\n(.*?)^---\n+", re.S | re.M)


def metadata(corpus: str, adapted_from: str = "") -> str:
    """The lines above the card of a model trained on a corpus of the kind ``corpus``.

    ``adapted_from``: the model that it was adapted from.
    """
    licence, data = CORPORA.get(corpus, (UNKNOWN, ""))
    about: dict = {"license": licence, "library_name": LIBRARY, "tags": [*TAGS]}
    if data:
        about["datasets"] = [data]
    if adapted_from:
        about["adapted_from"] = adapted_from
    about["exported_by"] = program()
    return f"---\n{yaml.safe_dump(about, sort_keys=False)}---\n\n"


def without_metadata(card: str) -> str:
    """The text of a card for people."""
    return _HEAD.sub("", card, count=1)


def exported_by(card: str) -> str:
    """Program and version that wrote a card; "" where it does not say."""
    head = _HEAD.match(card[:MOST])
    found = re.search(r"^exported_by: (.+)$", head[1], re.M) if head else None
    return found[1] if found else ""
