"""Train one recurrent regression; killed and started again, it goes on where it was."""

import shutil
from pathlib import Path

from s2r.core.job import job

with job(snakemake):
    from s2r.config.build import build_part
    from s2r.config.parameters import of_phantom
    from s2r.config.recurrent_blocks import RecurrentConfig, RecurrentTraining
    from s2r.config.systems import trained_systems
    from s2r.core.device import find_device
    from s2r.generation.provenance import made_from
    from s2r.preparation.recordings import open_recordings
    from s2r.report.plots import plot_curve
    from s2r.training.checkpoints import state_folder
    from s2r.training.recurrent import train_recurrent

    settings = snakemake.params.settings | {"seed": snakemake.params.seed}
    data = [*snakemake.input.frames, *snakemake.input.embeddings]
    state = state_folder(snakemake.params.state, settings, data, [snakemake.input.split])
    device = find_device(snakemake.config["device"])
    train_recurrent(
        build_part(RecurrentConfig, settings),
        build_part(RecurrentTraining, settings),
        recordings=open_recordings(snakemake.input),
        state_folder=state,
        model_path=Path(snakemake.output.model),
        curve_path=Path(snakemake.output.curve),
        device=device,
        info={
            "encoder": trained_systems(snakemake.config)[snakemake.params.name],
            "made_from": made_from(
                snakemake.config,
                snakemake.params.name,
                snakemake.input.embeddings,
                seed=snakemake.params.seed,
                threads=snakemake.threads,
                device=device,
            ),
        },
    )
    title = f"recurrent-{snakemake.wildcards.encoder}"
    synthetic = of_phantom(snakemake.config)
    plot_curve(snakemake.output.curve, snakemake.output.plot, title, synthetic)
    # Asked for again, a training that is complete shall not end where this one did.
    shutil.rmtree(state, ignore_errors=True)
