"""Vectors of true speech and video of every test set, computed once for all systems."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.agreement.instrument import load_instrument
    from s2r.evaluation.agreement.truth import write_true_features
    from s2r.preparation.recordings import open_recordings

    write_true_features(
        open_recordings(snakemake.input),
        load_instrument(snakemake.input.instrument),
        sets=snakemake.params.sets,
        path=snakemake.output.features,
        rollouts=snakemake.params.recordings,
    )
