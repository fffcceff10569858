"""Draw single words of one run for all test sets."""

from s2r.core.job import job

with job(snakemake):
    from s2r.config.result_blocks import GenerationConfig
    from s2r.core.device import find_device
    from s2r.core.shards import Shards
    from s2r.evaluation.words.segments import read_segments
    from s2r.generation.words import generate_words
    from s2r.model.family import find_family

    settings = snakemake.params.settings
    device = find_device(snakemake.config["device"])
    model = find_family(settings["preset"]).load(snakemake.input.model, settings, device)
    generate_words(
        model,
        Shards(snakemake.input.frames),
        Shards(snakemake.input.embeddings),
        read_segments(snakemake.input.segments),
        outputs=dict(zip(snakemake.params.sets, snakemake.output.videos, strict=True)),
        settings=GenerationConfig(**snakemake.params.amount),
        labels={
            "system": snakemake.wildcards.run,
            "encoder": settings["encoder"],
            "size": snakemake.params.size,
            "pooling": "yes" if settings["pooling"] else "no",
            "preset": settings["preset"],
        },
        most=snakemake.params.most,
    )
