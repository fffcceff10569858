"""Train one model; killed and started again, it goes on where the last checkpoint was."""

import shutil

from s2r.core.job import job

with job(snakemake):
    from s2r.config.parameters import of_phantom, run_settings
    from s2r.core.device import find_device
    from s2r.generation.provenance import made_from
    from s2r.model.family import TrainingJob, find_family
    from s2r.report.plots import plot_curve
    from s2r.training.checkpoints import state_folder

    run, seed, settings = snakemake.params.name, snakemake.params.seed, snakemake.params.settings
    data = [*snakemake.input.frames, *snakemake.input.embeddings]
    autoencoder = snakemake.input.autoencoder or None
    others = [snakemake.input.split, *([autoencoder] if autoencoder else [])]
    state = state_folder(snakemake.params.state, settings | {"seed": seed}, data, others)
    device = find_device(snakemake.config["device"])
    training = TrainingJob(
        # With the sampler, which validation of preset paper needs; it is no parameter of the rule,
        # so that changing it trains nothing.
        settings=run_settings(snakemake.config, run),
        seed=seed,
        frames=list(snakemake.input.frames),
        embeddings=list(snakemake.input.embeddings),
        split=snakemake.input.split,
        autoencoder=autoencoder,
        codes=list(snakemake.input.codes),
        state_folder=str(state),
        model_path=snakemake.output.model,
        curve_path=snakemake.output.curve,
        device=device,
        processes=snakemake.config["gpus"] if device == "cuda" else 1,
        info={
            "run": run,
            "encoder": settings["encoder"],
            "preset": settings["preset"],
            "made_from": made_from(
                snakemake.config,
                run,
                snakemake.input.embeddings,
                seed=seed,
                threads=snakemake.threads,
                device=device,
            ),
        },
    )
    find_family(settings["preset"]).train(training)
    synthetic = of_phantom(snakemake.config)
    title = snakemake.wildcards.run
    plot_curve(snakemake.output.curve, snakemake.output.plot, title, synthetic)
    # Asked for again, a training that is complete shall not end where this one did.
    shutil.rmtree(state, ignore_errors=True)
