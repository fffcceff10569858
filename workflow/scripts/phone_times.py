"""Find when each phone of the recordings is said."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.phones.times import write_phone_times
    from s2r.preparation.recordings import open_recordings

    write_phone_times(
        open_recordings(snakemake.input),
        sets=snakemake.params.sets,
        transcripts=snakemake.params.transcripts,
        path=snakemake.output.times,
    )
