"""Train one model; killed and started again, it goes on where the last checkpoint was."""

import shutil
from pathlib import Path

from s2r.script import job

with job(snakemake):
    import pandas as pd

    from s2r import run_config
    from s2r.config import run_settings
    from s2r.device import find_device
    from s2r.figures import plot_curve
    from s2r.store import Shards, state_folder
    from s2r.training import train

    run, settings = snakemake.wildcards.run, snakemake.params.settings
    data = [*snakemake.input.frames, *snakemake.input.embeddings]
    state = state_folder(snakemake.params.state, settings, data, snakemake.input.split)

    train(
        run_config.model_config(settings),
        run_config.training_config(settings),
        # For validation only, so it is no parameter of the rule: changing it trains nothing.
        run_config.sampler_config(run_settings(snakemake.config, run)),
        frames=Shards(snakemake.input.frames),
        embeddings=Shards(snakemake.input.embeddings),
        split=pd.read_csv(snakemake.input.split, dtype=str, keep_default_na=False),
        state_folder=state,
        model_path=Path(snakemake.output.model),
        curve_path=Path(snakemake.output.curve),
        device=find_device(snakemake.config["device"]),
        info={"run": run, "encoder": settings["encoder"], "preset": settings["preset"]},
    )
    plot_curve(snakemake.output.curve, snakemake.output.plot, title=run)
    # Asked for again, a training that is complete shall not end where this one did.
    shutil.rmtree(state, ignore_errors=True)
