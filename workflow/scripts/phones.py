"""Put what is read off the videos of all systems into tables and a figure."""

from itertools import product

from s2r.core.job import job

with job(snakemake):
    from s2r.core.files import write_csv
    from s2r.evaluation.data import open_evaluation_data
    from s2r.evaluation.phones.confusion import count_confusions
    from s2r.report.best import best_system
    from s2r.report.phones_figure import plot_phones
    from s2r.report.phones_table import phones_table

    inputs, params, outputs = snakemake.input, snakemake.params, snakemake.output
    data = open_evaluation_data(inputs, params.word_lists, params.seed)
    table = phones_table(data, [inputs.real, *inputs.scores], params.resamples, params.seed)
    write_csv(table, outputs.table)
    keys = product(params.systems, params.sets)
    confusions = count_confusions(data, dict(zip(keys, inputs.generated, strict=True)))
    write_csv(confusions, outputs.confusion)
    best = best_system(inputs.curves)
    plot_phones(table, confusions, best, outputs.figure, params.synthetic)
