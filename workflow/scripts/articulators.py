"""Put the scores of all articulators into a table and a figure."""

from s2r.core.job import job

with job(snakemake):
    from s2r.report.articulators import write_articulators

    write_articulators(
        scores=snakemake.input.scores,
        csv=snakemake.output.table,
        figure=snakemake.output.figure,
        synthetic=snakemake.params.synthetic,
    )
