"""Decode one shard of recordings onto the common clock."""

from s2r.core.job import job

with job(snakemake):
    from s2r.config.build import build
    from s2r.config.data_blocks import VolumesBlock
    from s2r.corpus.index import read_recordings
    from s2r.corpus.usc75 import RECON
    from s2r.preparation.frames import FramesConfig, prepare_shard

    frames = dict(snakemake.params.frames)
    volumes = frames.pop("volumes", None)
    prepare_shard(
        read_recordings(snakemake.input.recordings),
        snakemake.output.frames,
        FramesConfig(
            **frames | {"percentiles": tuple(frames["percentiles"])},
            onset_trim=snakemake.params.onset_trim,
            audio_offset=snakemake.params.audio_offset,
        ),
        RECON if volumes is None else build(VolumesBlock, volumes),
    )
