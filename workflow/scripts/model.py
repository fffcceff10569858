"""Write the best run as a model folder."""

from s2r.core.job import job

with job(snakemake):
    import pandas as pd

    from s2r.generation.export import export_run
    from s2r.report.scores_table import best_model

    scores = pd.read_csv(snakemake.input.scores, keep_default_na=False)
    best = best_model(scores) or snakemake.params.runs[0]
    paths = dict(zip(snakemake.params.runs, snakemake.input.models, strict=True))
    export_run(
        snakemake.config,
        best,
        model_path=paths[best],
        frame_shards=snakemake.input.frames,
        split=snakemake.input.split,
        folder=snakemake.output.folder,
    )
