"""Names of the values of agreement in ``scores.csv``."""

from s2r.config.judges import CONTROL

METRICS = (
    "agreement",
    "top1",
    "median_rank",
    "candidates",
    "sound_offset",
    "sound_offset_size",
)
"""Of every rollout, and of the true videos."""

WRONG_SPEECH_METRICS = ("wrong_speech_agreement", "wrong_speech_agreement_true")
"""Of the rollout with another recording's speech: agreement with that speech, and with its own."""

DISTANCES = ("contrastive_fvd", "contrastive_kvd")
"""Of the windows of all rollouts of a set."""

ALL = (*METRICS, *WRONG_SPEECH_METRICS, *(name + CONTROL for name in METRICS), *DISTANCES)
"""All of them, with those of the second instrument."""
