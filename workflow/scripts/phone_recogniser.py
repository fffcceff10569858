"""Fit the recogniser that reads phones off videos, on training recordings only."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.phones.training import fit_recogniser
    from s2r.preparation.recordings import open_recordings

    fit_recogniser(
        open_recordings(snakemake.input),
        phone_times=snakemake.input.times,
        path=snakemake.output.recogniser,
        seed=snakemake.params.seed,
    )
