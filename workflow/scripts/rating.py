"""Cut the clips of the rating study."""

from itertools import product

from s2r.core.job import job

with job(snakemake):
    from s2r.apps.rating.stimuli import cut_clips
    from s2r.preparation.recordings import open_recordings
    from s2r.report.scores_table import best_model, read_scores

    runs, sets = snakemake.params.runs, snakemake.params.sets
    files = dict(zip(product(runs, sets), snakemake.input.rollouts, strict=True))
    best = None
    if snakemake.input.get("scores"):
        best = best_model(read_scores(snakemake.input.scores))
    run = best or runs[0]
    print(f"Generated clips are those of {run}.")
    cut_clips(
        open_recordings(snakemake.input),
        segments=snakemake.input.segments,
        rollouts={name: files[run, name] for name in sets},
        folder=snakemake.output.folder,
        synthetic=snakemake.params.synthetic,
        **snakemake.params.settings,
    )
