"""Write the best run as a model folder."""

from s2r.core.job import job

with job(snakemake):
    from s2r.generation.export import export_run
    from s2r.report.scores_table import best_model, read_scores

    best = best_model(read_scores(snakemake.input.scores)) or snakemake.params.runs[0]
    paths = dict(zip(snakemake.params.runs, snakemake.input.models, strict=True))
    export_run(
        snakemake.config,
        best,
        model_path=paths[best],
        frame_shards=snakemake.input.frames,
        split=snakemake.input.split,
        folder=snakemake.output.folder,
    )
