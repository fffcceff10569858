"""Fit what the scores are measured with, on training recordings only."""

from s2r.script import job

with job(snakemake):
    import pandas as pd
    from s2r.measures import fit_measures

    from s2r.corpus.recording import read_recordings
    from s2r.device import find_device
    from s2r.store import Shards

    probe = snakemake.output.get("probe")
    fit_measures(
        frames=Shards(snakemake.input.frames),
        split=pd.read_csv(snakemake.input.split, dtype=str, keep_default_na=False),
        recordings=read_recordings(snakemake.input.recordings),
        region_path=snakemake.output.region,
        probe_path=probe[0] if probe else None,
        seed=snakemake.params.seed,
        device=find_device(snakemake.config["device"]),
    )
