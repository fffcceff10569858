"""Score the videos of one system on all test sets."""

from s2r.core.job import job

with job(snakemake):
    from s2r.config.systems import Replicate
    from s2r.core.device import find_device
    from s2r.evaluation.agreement.scores import open_judges
    from s2r.evaluation.clip_features import open_clip_distance
    from s2r.evaluation.data import open_evaluation_data
    from s2r.evaluation.score import score_system

    device = find_device(snakemake.config["device"])
    score_system(
        open_evaluation_data(snakemake.input, snakemake.params.word_lists, snakemake.params.seed),
        open_clip_distance(snakemake.input.features, snakemake.input.i3d, device),
        system=snakemake.wildcards.system,
        replicate=Replicate(*snakemake.params.replicate),
        generated=dict(zip(snakemake.params.sets, snakemake.input.generated, strict=True)),
        path=snakemake.output.scores,
        judges=open_judges(
            snakemake.params.judges, snakemake.input.instruments, snakemake.input.vectors
        ),
        rollouts=snakemake.params.recordings,
        resamples=snakemake.params.resamples,
        seed=snakemake.params.seed,
        code=snakemake.params.code,
    )
