"""Write the best run as a model folder."""

from s2r.script import job

with job(snakemake):
    import pandas as pd

    from s2r.aggregate import best_model
    from s2r.export import export_run

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
