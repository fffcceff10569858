"""Score the videos of one system on all test sets."""

from s2r.script import job

with job(snakemake):
    import pandas as pd
    from s2r.score import score_system

    from s2r.corpus.recording import read_recordings
    from s2r.device import find_device
    from s2r.store import Shards

    probe = snakemake.input.get("probe")
    score_system(
        snakemake.output.scores,
        system=snakemake.wildcards.system,
        generated=dict(zip(snakemake.params.sets, snakemake.input.generated, strict=True)),
        frames=Shards(snakemake.input.frames),
        split=pd.read_csv(snakemake.input.split, dtype=str, keep_default_na=False),
        recordings=read_recordings(snakemake.input.recordings),
        region_path=snakemake.input.region,
        probe_path=probe or None,
        real_features=snakemake.input.features,
        i3d_weights=snakemake.input.i3d,
        resamples=snakemake.params.resamples,
        seed=snakemake.params.seed,
        device=find_device(snakemake.config["device"]),
    )
