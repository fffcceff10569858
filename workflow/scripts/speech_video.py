"""Generate the video of one file of speech."""

from pathlib import Path

from s2r.core.job import job

with job(snakemake):
    from s2r.apps.generate_speech import generate

    generate(
        [Path(snakemake.input.speech)],
        Path(snakemake.output.video),
        model=Path(snakemake.input.model),
        device=snakemake.config["device"],
        overwrite=True,
    )
