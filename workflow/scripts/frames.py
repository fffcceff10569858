"""Decode one shard of recordings onto the common clock."""

from s2r.core.job import job

with job(snakemake):
    from s2r.corpus.index import read_recordings
    from s2r.preparation.frames import FramesConfig, prepare_shard

    prepare_shard(
        read_recordings(snakemake.input.recordings),
        snakemake.output.frames,
        FramesConfig(
            **snakemake.params.frames
            | {"percentiles": tuple(snakemake.params.frames["percentiles"])},
            onset_trim=snakemake.params.onset_trim,
            audio_offset=snakemake.params.audio_offset,
        ),
    )
