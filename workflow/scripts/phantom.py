"""Write the synthetic corpus."""

from pathlib import Path

from s2r.core.job import job

# The processes that are started import this file again; only the first one may do the work.
if __name__ == "__main__":
    with job(snakemake, threads=1):
        from s2r.corpus.phantom.writer import write_corpus

        write_corpus(
            Path(snakemake.output.marker).parent,
            profile=snakemake.params.profile,
            seed=snakemake.params.seed,
            processes=snakemake.threads,
            voices=snakemake.params.voices,
        )
