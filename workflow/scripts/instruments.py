"""Fit the instruments that systems are scored with, on training recordings only."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.instruments import fit_instruments
    from s2r.preparation.recordings import open_recordings

    probe = snakemake.output.get("probe")
    fit_instruments(
        open_recordings(snakemake.input),
        region_path=snakemake.output.region,
        probe_path=probe[0] if probe else None,
        seed=snakemake.params.seed,
    )
