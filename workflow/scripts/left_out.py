"""Measure how well contours are read of speakers that the probe was not trained on."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.contour_fit import write_left_out
    from s2r.preparation.recordings import open_recordings

    write_left_out(open_recordings(snakemake.input), snakemake.output.table, snakemake.params.seed)
