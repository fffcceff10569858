"""Write the best trained system as a model folder."""

from s2r.core.job import job

with job(snakemake):
    from s2r.generation.export import export_run
    from s2r.report.best import best_system

    best = best_system(snakemake.input.curves)
    paths = dict(zip(snakemake.params.systems, snakemake.input.models, strict=True))
    export_run(
        snakemake.config,
        best,
        model_path=paths[best],
        frame_shards=snakemake.input.frames,
        split=snakemake.input.split,
        folder=snakemake.output.folder,
        probe=(snakemake.input.get("probe") or [None])[0],
        overwrite=True,
    )
