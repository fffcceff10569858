"""Score the true videos: what the measures themselves err, the floor of every other score."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.score import score_real

    score_real(
        sets=snakemake.params.sets,
        frame_shards=snakemake.input.frames,
        recordings=snakemake.input.recordings,
        split=snakemake.input.split,
        region=snakemake.input.region,
        probe=snakemake.input.probe[0],
        path=snakemake.output.scores,
        rollouts=snakemake.params.recordings,
    )
