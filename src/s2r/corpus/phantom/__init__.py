"""The phantom: a numerical vocal tract, and a synthetic corpus whose true shapes are known."""

GENERATOR = "s2r phantom 2"
"""Name and version of the generator. Raise the number when its output changes: phantoms of earlier
versions are then made again."""

OTHER_VOICE = "voiced"
"""How the names of stimuli begin that others say in place of the subject."""
