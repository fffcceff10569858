"""Draw the videos of one run for all test sets: clips, rollouts, and those of its regression."""

from s2r.core.job import job

with job(snakemake):
    import pandas as pd

    from s2r.config.build import build
    from s2r.core.device import find_device
    from s2r.core.shards import Shards
    from s2r.generation.generate import GenerationConfig, generate_run
    from s2r.model.sampler import SamplerConfig

    settings, sets = snakemake.params.settings, snakemake.params.sets
    regression = snakemake.output.get("regression", [])
    generate_run(
        snakemake.input.model,
        Shards(snakemake.input.frames),
        Shards(snakemake.input.embeddings),
        pd.read_csv(snakemake.input.split, dtype=str, keep_default_na=False),
        outputs=dict(zip(sets, snakemake.output.videos, strict=True)),
        regression_outputs=dict(zip(sets, regression, strict=True)) if regression else {},
        sampler=build(SamplerConfig, settings["sampler"]),
        settings=GenerationConfig(**snakemake.params.amount),
        labels={
            "system": snakemake.wildcards.run,
            "encoder": settings["encoder"],
            "size": snakemake.params.size,
            "pooling": "yes" if settings["pooling"] else "no",
            "preset": settings["preset"],
        },
        device=find_device(snakemake.config["device"]),
    )
