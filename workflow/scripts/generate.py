"""Draw the videos of one run for all test sets: clips, rollouts, and the means it draws around."""

from s2r.core.job import job

with job(snakemake):
    from s2r.config.parameters import labels
    from s2r.config.result_blocks import GenerationConfig
    from s2r.core.device import find_device
    from s2r.core.files import sha256_of
    from s2r.generation.generate import generate_run
    from s2r.model.family import find_family
    from s2r.preparation.recordings import open_recordings

    settings, sets = snakemake.params.settings, snakemake.params.sets
    means = snakemake.output.get("means", [])
    recordings = open_recordings(snakemake.input)
    device = find_device(snakemake.config["device"])
    model = find_family(settings["preset"]).load(snakemake.input.model, settings, device)
    generate_run(
        model,
        recordings,
        outputs=dict(zip(sets, snakemake.output.videos, strict=True)),
        mean_outputs=dict(zip(sets, means, strict=True)) if means else {},
        settings=GenerationConfig(**snakemake.params.amount),
        labels=labels(snakemake.wildcards.run, settings, snakemake.params.size)
        | {"model_sha256": sha256_of(snakemake.input.model)},
    )
