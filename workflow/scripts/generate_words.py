"""Draw single words of one run for all test sets."""

from s2r.script import job

with job(snakemake):
    from s2r.device import find_device
    from s2r.generate import GenerationConfig
    from s2r.run_config import sampler_config
    from s2r.store import Shards
    from s2r.words.segments import read_segments
    from s2r.words.single import generate_words

    settings = snakemake.params.settings
    generate_words(
        snakemake.input.model,
        Shards(snakemake.input.frames),
        Shards(snakemake.input.embeddings),
        read_segments(snakemake.input.segments),
        outputs=dict(zip(snakemake.params.sets, snakemake.output.videos, strict=True)),
        sampler=sampler_config(settings),
        settings=GenerationConfig(**snakemake.params.amount),
        labels={
            "system": snakemake.wildcards.run,
            "encoder": settings["encoder"],
            "size": snakemake.params.size,
            "pooling": "yes" if settings["pooling"] else "no",
            "preset": settings["preset"],
        },
        most=snakemake.params.most,
        device=find_device(snakemake.config["device"]),
    )
