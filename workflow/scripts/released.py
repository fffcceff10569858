"""Score the videos of all systems as the paper's released code would."""

from s2r.core.job import job

with job(snakemake):
    from s2r.core.device import find_device
    from s2r.evaluation.released_protocol import write_released_scores
    from s2r.preparation.recordings import open_recordings

    generated: dict[str, dict[str, str]] = {}
    for (system, name), file in zip(snakemake.params.made, snakemake.input.generated, strict=True):
        generated.setdefault(name, {})[system] = file
    write_released_scores(
        open_recordings(snakemake.input),
        generated=generated,
        i3d_weights=snakemake.input.i3d,
        path=snakemake.output.table,
        device=find_device(snakemake.config["device"]),
    )
