"""Score the true videos: the errors of contour probe and phone recogniser themselves."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.data import open_evaluation_data
    from s2r.evaluation.score import score_real

    score_real(
        open_evaluation_data(snakemake.input, snakemake.params.word_lists, snakemake.params.seed),
        sets=snakemake.params.sets,
        path=snakemake.output.scores,
        rollouts=snakemake.params.recordings,
        code=snakemake.params.code,
    )
