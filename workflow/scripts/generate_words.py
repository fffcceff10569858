"""Draw single words of one run for all test sets."""

from s2r.core.job import job

with job(snakemake):
    from s2r.config.build import build
    from s2r.core.device import find_device
    from s2r.core.shards import Shards
    from s2r.evaluation.words.segments import read_segments
    from s2r.generation.generate import GenerationConfig
    from s2r.generation.words import generate_words
    from s2r.model.sampler import SamplerConfig

    settings = snakemake.params.settings
    generate_words(
        snakemake.input.model,
        Shards(snakemake.input.frames),
        Shards(snakemake.input.embeddings),
        read_segments(snakemake.input.segments),
        outputs=dict(zip(snakemake.params.sets, snakemake.output.videos, strict=True)),
        sampler=build(SamplerConfig, settings["sampler"]),
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
