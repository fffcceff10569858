"""Judge the model by the speech of people whom nobody filmed."""

from s2r.core.job import job

with job(snakemake):
    from s2r.core.device import find_device
    from s2r.evaluation.data import open_evaluation_data
    from s2r.evaluation.real_speech.stage import measure_real_speech
    from s2r.generation.model_folder import load_model_folder
    from s2r.report.real_speech_figure import plot_real_speech

    inputs, params, outputs = snakemake.input, snakemake.params, snakemake.output
    table = measure_real_speech(
        load_model_folder(inputs.model, find_device(snakemake.config["device"])),
        open_evaluation_data(inputs),
        folder=inputs.speech,
        phone_times=inputs.phone_times,
        sets=params.sets,
        recordings=params.recordings,
        table=outputs.table,
        values=outputs.values,
        seed=params.seed,
        resamples=params.resamples,
    )
    plot_real_speech(table, outputs.figure, params.synthetic)
