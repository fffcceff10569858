"""Embed the speech of one shard with one frozen encoder."""

from s2r.script import job

with job(snakemake):
    from s2r.device import find_device
    from s2r.speech.cache import embed_shard
    from s2r.speech.encoders import EncoderConfig, load_encoder

    encoder = load_encoder(
        EncoderConfig(**snakemake.params.encoder),
        weights_folder="weights",
        device=find_device(snakemake.config["device"]),
    )
    embed_shard(snakemake.input.frames, snakemake.output.embeddings, encoder)
