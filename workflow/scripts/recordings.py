"""Complete the index of the corpus: recordings whose frames could not be made are defects."""

from s2r.core.job import job

with job(snakemake):
    from s2r.core.shards import Shards
    from s2r.corpus.index import read_recordings, write_recordings
    from s2r.preparation.left_out import mark_left_out

    recordings = mark_left_out(
        read_recordings(snakemake.input.index),
        Shards(snakemake.input.frames),
        snakemake.params.minimum_frames,
    )
    write_recordings(snakemake.output.recordings, recordings)
