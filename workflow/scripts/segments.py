"""Find the words and VCVs in the recordings of the test sets."""

from s2r.core.job import job

with job(snakemake):
    from s2r.evaluation.words.segments import cut_corpus

    cut_corpus(
        frame_shards=snakemake.input.frames,
        recordings=snakemake.input.recordings,
        split=snakemake.input.split,
        sets=snakemake.params.sets,
        stimuli=snakemake.params.stimuli,
        transcripts=snakemake.params.transcripts,
        path=snakemake.output.segments,
    )
