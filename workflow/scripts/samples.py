"""Sample videos: the contact sheet, and side-by-side videos with sound."""

from itertools import product

from s2r.core.job import job

with job(snakemake):
    from s2r.preparation.recordings import open_recordings
    from s2r.report.best import best_system
    from s2r.report.samples import write_samples

    names = product(snakemake.params.systems, snakemake.params.sets)
    write_samples(
        open_recordings(snakemake.input),
        generated=dict(zip(names, snakemake.input.generated, strict=True)),
        best=best_system(snakemake.input.curves),
        folder=snakemake.output.folder,
        synthetic=snakemake.params.synthetic,
    )
