"""Fetch and unpack the USC 75-speaker corpus, as far as this workflow reads it."""

from s2r.core.job import job

with job(snakemake):
    from s2r.corpus.download import download_corpus

    download_corpus(snakemake.params.folder)
