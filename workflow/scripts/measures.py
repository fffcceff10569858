"""Fit what the scores are measured with, on training recordings only."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.instruments import fit_instruments

    probe = snakemake.output.get("probe")
    fit_instruments(
        frame_shards=snakemake.input.frames,
        split=snakemake.input.split,
        recordings=snakemake.input.recordings,
        region_path=snakemake.output.region,
        probe_path=probe[0] if probe else None,
        seed=snakemake.params.seed,
    )
