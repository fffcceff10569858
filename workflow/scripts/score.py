"""Score the videos of one system on all test sets."""

from s2r.core.job import job

with job(snakemake):
    from s2r.core.device import find_device
    from s2r.evaluation.score import score_system

    probe = snakemake.input.get("probe")
    score_system(
        system=snakemake.wildcards.system,
        generated=dict(zip(snakemake.params.sets, snakemake.input.generated, strict=True)),
        frame_shards=snakemake.input.frames,
        recordings=snakemake.input.recordings,
        split=snakemake.input.split,
        region=snakemake.input.region,
        probe=probe[0] if probe else None,
        real_features=snakemake.input.features,
        i3d_weights=snakemake.input.i3d,
        path=snakemake.output.scores,
        rollouts=snakemake.params.recordings,
        resamples=snakemake.params.resamples,
        seed=snakemake.params.seed,
        device=find_device(snakemake.config["device"]),
    )
