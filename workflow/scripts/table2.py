"""Analyse the answers of the rating study."""

from s2r.core.job import job

with job(snakemake):
    from s2r.apps.rating.analysis import write_results
    from s2r.core.errors import UserError

    if not snakemake.input.get("answers"):
        raise UserError(
            "nobody has rated yet: make the clips with `snakemake results/rating`, then have them "
            "rated with `s2r rate results/rating`."
        )
    write_results(
        answers=snakemake.input.answers,
        table=snakemake.output.table,
        markdown=snakemake.output.markdown,
        rows=snakemake.output.rows,
        comments=snakemake.output.comments,
        raters=snakemake.output.raters,
        synthetic=snakemake.params.synthetic,
        resamples=snakemake.params.resamples,
        seed=snakemake.params.seed,
    )
