"""Write the videos of one recurrent regression for all test sets."""

from s2r.script import job

with job(snakemake):
    from s2r.config import recurrent_system
    from s2r.device import find_device
    from s2r.generated import read_split
    from s2r.recurrent_generation import generate_recurrent
    from s2r.store import Shards

    encoder = snakemake.wildcards.encoder
    generate_recurrent(
        snakemake.input.model,
        Shards(snakemake.input.frames),
        Shards(snakemake.input.embeddings),
        read_split(snakemake.input.split),
        outputs=dict(zip(snakemake.params.sets, snakemake.output, strict=True)),
        labels={
            "system": recurrent_system(encoder),
            "encoder": encoder,
            "size": snakemake.params.size,
            "pooling": "no",
        },
        clips=snakemake.params.clips,
        recordings=snakemake.params.recordings,
        device=find_device(snakemake.config["device"]),
    )
