"""Embed the speech of one shard with one frozen encoder."""

from s2r.core.job import job

with job(snakemake):
    from s2r.config.build import build
    from s2r.core.device import find_device
    from s2r.preparation.embeddings import embed_shard
    from s2r.speech.encoder import EncoderConfig
    from s2r.speech.load import load_encoder

    encoder = load_encoder(
        build(EncoderConfig, snakemake.params.encoder),
        weights_folder="weights",
        device=find_device(snakemake.config["device"]),
    )
    embed_shard(
        snakemake.input.frames,
        snakemake.output.embeddings,
        encoder,
        copies=snakemake.params.copies,
    )
