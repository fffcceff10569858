"""Features of the true clips of every test set, computed once for all systems."""

from s2r.core.job import job

with job(snakemake):
    from s2r.core.device import find_device
    from s2r.evaluation.clip_features import write_real_features
    from s2r.preparation.recordings import open_recordings

    write_real_features(
        open_recordings(snakemake.input),
        sets=snakemake.params.sets,
        clips=snakemake.params.clips,
        i3d_weights=snakemake.input.i3d,
        path=snakemake.output.features,
        device=find_device(snakemake.config["device"]),
    )
