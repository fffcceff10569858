"""Draw the videos of one run for all test sets: clips, rollouts, and those of its regression."""

from s2r.script import job

with job(snakemake):
    import pandas as pd

    from s2r.device import find_device
    from s2r.generate import GenerationConfig, generate_run
    from s2r.run_config import sampler_config
    from s2r.store import Shards

    settings, sets = snakemake.params.settings, snakemake.params.sets
    regression = snakemake.output.get("regression", [])
    generate_run(
        snakemake.input.model,
        Shards(snakemake.input.frames),
        Shards(snakemake.input.embeddings),
        pd.read_csv(snakemake.input.split, dtype=str, keep_default_na=False),
        outputs=dict(zip(sets, snakemake.output.videos, strict=True)),
        regression_outputs=dict(zip(sets, regression, strict=True)) if regression else {},
        sampler=sampler_config(settings),
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
