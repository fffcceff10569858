"""Fit the articulation codes of the corpus."""

from s2r.core.job import job

with job(snakemake):
    from s2r.config.build import build
    from s2r.config.model_blocks import AutoencoderBlock
    from s2r.config.parameters import of_phantom
    from s2r.core.device import find_device
    from s2r.preparation.recordings import open_recordings
    from s2r.report.codes import plot_codes
    from s2r.training.autoencoder import fit_autoencoder

    settings = build(AutoencoderBlock, snakemake.params.settings)
    device = find_device(snakemake.config["device"])
    outputs = snakemake.output
    fit_autoencoder(
        settings, open_recordings(snakemake.input), outputs.model, device, outputs.codes
    )
    # Not a parameter of the rule: it must not fit again what was fitted before.
    synthetic = of_phantom(snakemake.config)
    plot_codes(outputs.model, outputs.plot, synthetic)
