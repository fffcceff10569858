"""Write the pages of the report: configuration, corpus, split, Table 1, differences, videos."""

from s2r.core.job import job

with job(snakemake):
    from s2r.report import pages
    from s2r.report.best import best_system

    inputs, outputs = snakemake.input, snakemake.output
    pages.write_configuration_page(snakemake.params.config, outputs.configuration)
    pages.write_corpus_page(inputs.recordings, outputs.corpus)
    pages.write_split_page(inputs.split, inputs.recordings, outputs.split)
    pages.write_table_page(inputs.table, outputs.table)
    pages.write_table_page(inputs.differences, outputs.differences)
    pages.write_videos_page(inputs.samples, best_system(inputs.curves), outputs.videos)
