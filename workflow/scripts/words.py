"""Score words and consonants, and draw the figure of words."""

from itertools import product

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.words.scores import score_words
    from s2r.report.words_figure import plot_words

    probe = snakemake.input.get("probe")
    sets = snakemake.params.sets
    corpus = {
        "frame_shards": snakemake.input.frames,
        "recordings": snakemake.input.recordings,
        "segments": snakemake.input.segments,
        "rollouts": dict(
            zip(product(snakemake.params.systems, sets), snakemake.input.rollouts, strict=True)
        ),
    }
    score_words(
        **corpus,
        singles=dict(
            zip(product(snakemake.params.runs, sets), snakemake.input.singles, strict=True)
        ),
        region=snakemake.input.region,
        probe=probe[0] if probe else None,
        items_path=snakemake.output.values,
        path=snakemake.output.table,
        resamples=snakemake.params.resamples,
        seed=snakemake.params.seed,
    )
    plot_words(
        **corpus,
        values=snakemake.output.values,
        path=snakemake.output.figure,
        synthetic=snakemake.params.synthetic,
    )
