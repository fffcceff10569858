"""Fetch the weights of the Fréchet distance's network, once, by checksum, as safetensors."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.metrics.i3d import fetch_i3d

    fetch_i3d(snakemake.output.weights)
