"""Draw the videos of one run again for all test sets, with noise in place of its diffusion."""

from s2r.core.job import job

with job(snakemake):
    from s2r.config.parameters import labels
    from s2r.config.result_blocks import GenerationConfig
    from s2r.config.systems import Kind, gaussian_system
    from s2r.core.device import find_device
    from s2r.core.files import sha256_of
    from s2r.generation.generate import generate_run
    from s2r.model.family import find_family
    from s2r.preparation.recordings import open_recordings

    settings, system = snakemake.params.settings, gaussian_system(snakemake.wildcards.run)
    device = find_device(snakemake.config["device"])
    model = find_family(settings["preset"]).load(snakemake.input.model, settings, device)
    generate_run(
        model.without_diffusion(),
        open_recordings(snakemake.input),
        outputs=dict(zip(snakemake.params.sets, snakemake.output.videos, strict=True)),
        mean_outputs={},
        settings=GenerationConfig(**snakemake.params.amount),
        labels=labels(system, settings, snakemake.params.size)
        | {"model_sha256": sha256_of(snakemake.input.model)},
        kind=Kind.GAUSSIAN,
    )
