"""Score the true videos: the error of the contour probe itself, which no system can go below."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.data import open_evaluation_data
    from s2r.evaluation.score import score_real

    score_real(
        open_evaluation_data(snakemake.input),
        sets=snakemake.params.sets,
        path=snakemake.output.scores,
        rollouts=snakemake.params.recordings,
        code=snakemake.params.code,
    )
