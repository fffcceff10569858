"""Write the videos of one baseline for all test sets."""

from s2r.core.job import job

with job(snakemake):
    from s2r.generation.baselines import generate_baseline
    from s2r.preparation.recordings import open_recordings

    recordings = open_recordings(snakemake.input)
    for set_name, path in zip(snakemake.params.sets, snakemake.output, strict=True):
        generate_baseline(
            snakemake.wildcards.baseline,
            set_name,
            recordings.split,
            recordings.frames,
            path,
            clips=snakemake.params.clips,
            rollouts=snakemake.params.recordings,
        )
