"""Train the instrument that says whether a video belongs to its sound."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.agreement.fit import fit_instrument
    from s2r.preparation.recordings import open_recordings

    fit_instrument(
        open_recordings(snakemake.input),
        path=snakemake.output.instrument,
        encoder=snakemake.wildcards.judge,
        settings=snakemake.params.encoder,
        seed=snakemake.params.seed,
        steps=snakemake.params.steps,
    )
