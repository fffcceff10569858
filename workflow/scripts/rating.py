"""Cut the clips of the rating study."""

from itertools import product

from s2r.core.job import job

with job(snakemake):
    from s2r.apps.rating.stimuli import cut_clips
    from s2r.preparation.recordings import open_recordings
    from s2r.report.best import best_system

    systems, sets = snakemake.params.systems, snakemake.params.sets
    files = dict(zip(product(systems, sets), snakemake.input.rollouts, strict=True))
    curves = snakemake.input.get("curves")
    rated = best_system(curves) if curves else systems[0]
    print(f"Generated clips are those of {rated}.")
    cut_clips(
        open_recordings(snakemake.input),
        segments=snakemake.input.segments,
        rollouts={name: files[rated, name] for name in sets},
        folder=snakemake.output.folder,
        synthetic=snakemake.params.synthetic,
        texts=snakemake.input.get("texts") or None,
        **snakemake.params.settings,
    )
