"""Draw the overview and the errors over time and over the picture."""

from itertools import product

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.data import open_evaluation_data
    from s2r.report.best import best_system
    from s2r.report.error_plots import write_report_figures

    names = product(snakemake.params.systems, snakemake.params.sets)
    write_report_figures(
        open_evaluation_data(snakemake.input),
        generated=dict(zip(names, snakemake.input.generated, strict=True)),
        best=best_system(snakemake.input.curves),
        overview_path=snakemake.output.overview,
        drift_path=snakemake.output.drift,
        regions_path=snakemake.output.regions,
        synthetic=snakemake.params.synthetic,
        resamples=snakemake.params.resamples,
        seed=snakemake.params.seed,
    )
