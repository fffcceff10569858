"""Write the videos of one baseline for all test sets."""

from s2r.core.job import job

with job(snakemake):
    import pandas as pd

    from s2r.core.shards import Shards
    from s2r.generation.baselines import generate_baseline

    frames = Shards(snakemake.input.frames)
    split = pd.read_csv(snakemake.input.split, dtype=str, keep_default_na=False)
    for set_name, path in zip(snakemake.params.sets, snakemake.output, strict=True):
        generate_baseline(
            snakemake.wildcards.baseline,
            set_name,
            split,
            frames,
            path,
            clips=snakemake.params.clips,
            rollouts=snakemake.params.recordings,
        )
