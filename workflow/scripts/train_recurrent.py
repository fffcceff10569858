"""Train one recurrent regression; killed and started again, it goes on where it was."""

import shutil
from pathlib import Path

from s2r.script import job

with job(snakemake):
    from s2r.device import find_device
    from s2r.figures import plot_curve
    from s2r.generated import read_split
    from s2r.recurrent_training import train_recurrent
    from s2r.run_config import recurrent_configs
    from s2r.store import Shards, state_folder

    encoder, settings = snakemake.wildcards.encoder, snakemake.params.settings
    data = [*snakemake.input.frames, *snakemake.input.embeddings]
    state = state_folder(snakemake.params.state, settings, data, snakemake.input.split)
    train_recurrent(
        *recurrent_configs(settings),
        frames=Shards(snakemake.input.frames),
        embeddings=Shards(snakemake.input.embeddings),
        split=read_split(snakemake.input.split),
        state_folder=state,
        model_path=Path(snakemake.output.model),
        curve_path=Path(snakemake.output.curve),
        device=find_device(snakemake.config["device"]),
        info={"encoder": encoder},
    )
    plot_curve(snakemake.output.curve, snakemake.output.plot, title=f"recurrent-{encoder}")
    # Asked for again, a training that is complete shall not end where this one did.
    shutil.rmtree(state, ignore_errors=True)
