"""Put the scores of all systems into the long table, Table 1 and its figure."""

from s2r.core.job import job

with job(snakemake):
    from s2r.report.table1 import write_origin, write_tables

    write_tables(
        score_files=list(snakemake.input),
        scores=snakemake.output.scores,
        csv=snakemake.output.table,
        markdown=snakemake.output.markdown,
        tex=snakemake.output.tex,
        figure=snakemake.output.figure,
        synthetic=snakemake.params.synthetic,
        resamples=snakemake.params.resamples,
        seed=snakemake.params.seed,
    )
    write_origin(snakemake.output.origin, snakemake.params.synthetic)
