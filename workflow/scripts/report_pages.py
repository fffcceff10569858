"""Write the pages of the report: configuration, corpus, split, Table 1, videos."""

from s2r.core.job import job

with job(snakemake):
    from s2r.report import pages

    recordings = snakemake.input.recordings
    pages.write_configuration_page(snakemake.params.config, snakemake.output.configuration)
    pages.write_corpus_page(recordings, snakemake.output.corpus)
    pages.write_split_page(snakemake.input.split, recordings, snakemake.output.split)
    pages.write_table_page(snakemake.input.table, snakemake.output.table)
    pages.write_videos_page(snakemake.input.looks, snakemake.input.scores, snakemake.output.videos)
