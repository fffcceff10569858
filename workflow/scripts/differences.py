"""Compare every trained system with its rivals, on the same recordings and seeds."""

from s2r.core.job import job

with job(snakemake):
    from s2r.report.differences import write_differences

    write_differences(
        score_files=list(snakemake.input.scores),
        csv=snakemake.output.table,
        markdown=snakemake.output.markdown,
        synthetic=snakemake.params.synthetic,
    )
