"""Put the scores of all systems into the long table, Table 1 and its figure."""

from s2r.script import job

with job(snakemake):
    from s2r.figures import plot_table
    from s2r.table_text import write_latex, write_markdown
    from s2r.tables import aggregate, table1, write_csv

    synthetic = snakemake.params.synthetic
    scores = aggregate(snakemake.input.scores, snakemake.params.resamples, snakemake.params.seed)
    write_csv(scores, snakemake.output.scores)
    write_csv(table1(scores), snakemake.output.table)
    write_markdown(scores, snakemake.output.markdown, synthetic)
    write_latex(scores, snakemake.output.tex, synthetic)
    plot_table(scores, snakemake.output.figure, synthetic)
