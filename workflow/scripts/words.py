"""Score words and consonants, and draw the figure of words."""

from itertools import product

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.data import open_evaluation_data
    from s2r.evaluation.words.scores import score_words
    from s2r.report.best import best_system
    from s2r.report.words_figure import plot_words

    data = open_evaluation_data(snakemake.input)
    segments, sets = snakemake.input.segments, snakemake.params.sets
    rolled_out = product(snakemake.params.systems, sets)
    rollouts = dict(zip(rolled_out, snakemake.input.rollouts, strict=True))
    generated_alone = product(snakemake.params.runs, sets)
    score_words(
        data,
        segments=segments,
        rollouts=rollouts,
        singles=dict(zip(generated_alone, snakemake.input.singles, strict=True)),
        items_path=snakemake.output.values,
        path=snakemake.output.table,
        resamples=snakemake.params.resamples,
        seed=snakemake.params.seed,
    )
    plot_words(
        data,
        values=snakemake.output.values,
        segments=segments,
        rollouts=rollouts,
        best=best_system(snakemake.input.curves),
        path=snakemake.output.figure,
        synthetic=snakemake.params.synthetic,
    )
