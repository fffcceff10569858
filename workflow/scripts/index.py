"""List every recording of the corpus, defects with their reason, and share them among shards."""

from pathlib import Path

from s2r.script import job

with job(snakemake):
    from s2r.corpus.recording import Limits, index_corpus, summary, write_recordings

    corpus = Path(snakemake.input.corpus)
    limits = ("length_tolerance", "silence_threshold", "minimum_frames")
    recordings = index_corpus(
        snakemake.params.kind,
        corpus.parent if corpus.is_file() else corpus,
        **snakemake.params.folder,
        shards=len(snakemake.output.shards),
        limits=Limits(**{key: snakemake.params.recordings[key] for key in limits}),
        workers=snakemake.threads,
    )
    print(summary(recordings))
    for path in snakemake.output.shards:
        usable = (recordings["shard"] == Path(path).stem) & (recordings["status"] == "ok")
        write_recordings(path, recordings[usable])
    write_recordings(snakemake.output.recordings, recordings)
