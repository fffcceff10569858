"""Draw single words of one run for all test sets."""

from s2r.core.job import job

with job(snakemake):
    from s2r.config.parameters import labels
    from s2r.config.result_blocks import GenerationConfig
    from s2r.core.device import find_device
    from s2r.core.files import sha256_of
    from s2r.evaluation.words.segments import read_segments
    from s2r.generation.words import generate_words
    from s2r.model.family import find_family
    from s2r.preparation.recordings import open_recordings

    settings = snakemake.params.settings
    device = find_device(snakemake.config["device"])
    model = find_family(settings["preset"]).load(snakemake.input.model, settings, device)
    generate_words(
        model,
        open_recordings(snakemake.input),
        read_segments(snakemake.input.segments),
        outputs=dict(zip(snakemake.params.sets, snakemake.output.videos, strict=True)),
        settings=GenerationConfig(**snakemake.params.amount),
        labels=labels(snakemake.wildcards.run, settings, snakemake.params.size)
        | {"model_sha256": sha256_of(snakemake.input.model)},
        most=snakemake.params.most,
    )
