"""Features of the true clips of every test set, computed once for all systems."""

from s2r.script import job

with job(snakemake):
    import pandas as pd
    from s2r.score import write_real_features

    from s2r.device import find_device
    from s2r.store import Shards

    write_real_features(
        snakemake.output.features,
        frames=Shards(snakemake.input.frames),
        split=pd.read_csv(snakemake.input.split, dtype=str, keep_default_na=False),
        sets=snakemake.params.sets,
        clips=snakemake.params.clips,
        i3d_weights=snakemake.input.i3d,
        device=find_device(snakemake.config["device"]),
    )
