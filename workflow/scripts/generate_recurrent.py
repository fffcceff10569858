"""Write the videos of one recurrent regression for all test sets."""

from s2r.core.job import job

with job(snakemake):
    from s2r.config.systems import recurrent_system
    from s2r.core.device import find_device
    from s2r.core.files import sha256_of
    from s2r.generation.recurrent import generate_recurrent
    from s2r.preparation.recordings import open_recordings

    recordings = open_recordings(snakemake.input)
    generate_recurrent(
        snakemake.input.model,
        recordings,
        outputs=dict(zip(snakemake.params.sets, snakemake.output, strict=True)),
        labels={
            "system": recurrent_system(snakemake.wildcards.encoder),
            "encoder": snakemake.params.encoder,
            "size": snakemake.params.size,
            "pooling": "no",
            "model_sha256": sha256_of(snakemake.input.model),
        },
        clips=snakemake.params.clips,
        rollouts=snakemake.params.recordings,
        device=find_device(snakemake.config["device"]),
    )
