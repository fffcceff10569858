"""Find the words and VCVs in the recordings of the test sets."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.words.segments import cut_corpus
    from s2r.preparation.recordings import open_recordings

    cut_corpus(
        open_recordings(snakemake.input),
        sets=snakemake.params.sets,
        stimuli=snakemake.params.stimuli,
        transcripts=snakemake.params.transcripts,
        path=snakemake.output.segments,
    )
