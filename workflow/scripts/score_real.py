"""Score the true videos: what the instruments say of them, the ceiling of all systems."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.agreement.scores import open_judges
    from s2r.evaluation.data import open_evaluation_data
    from s2r.evaluation.score import score_real

    score_real(
        open_evaluation_data(snakemake.input, snakemake.params.word_lists, snakemake.params.seed),
        sets=snakemake.params.sets,
        path=snakemake.output.scores,
        judges=open_judges(
            snakemake.params.judges, snakemake.input.instruments, snakemake.input.vectors
        ),
        rollouts=snakemake.params.recordings,
        code=snakemake.params.code,
    )
