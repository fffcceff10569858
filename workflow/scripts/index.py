"""List every recording of the corpus, defects with their reason, and share them among shards."""

from pathlib import Path

from s2r.core.job import job

with job(snakemake):
    from s2r.config.build import build, build_part
    from s2r.config.data_blocks import FolderBlock, Limits
    from s2r.corpus.index import index_corpus, write_recordings
    from s2r.corpus.summary import summary
    from s2r.corpus.usc75 import RECORDINGS_PER_SUBJECT

    kind, corpus = snakemake.params.kind, Path(snakemake.input.corpus)
    metafile = snakemake.input.get("metafile")
    recordings = index_corpus(
        kind,
        corpus.parent if kind == "phantom" else corpus,
        files=build(FolderBlock, snakemake.params.folder),
        expected_subjects=snakemake.params.expected_subjects,
        metafile=metafile,
        exclude_notes=snakemake.params.recordings["exclude_notes"],
        shards=len(snakemake.output.shards),
        limits=build_part(Limits, snakemake.params.recordings),
        use_silent=snakemake.params.silent == "use",
        workers=snakemake.threads,
    )
    known = kind == "usc75" and not metafile
    print(summary(recordings, per_subject=RECORDINGS_PER_SUBJECT if known else None))
    for path in snakemake.output.shards:
        usable = (recordings["shard"] == Path(path).stem) & (recordings["status"] == "ok")
        # A note changes no frame, so a new metafile prepares nothing again.
        write_recordings(path, recordings[usable].drop(columns="note"))
    write_recordings(snakemake.output.index, recordings)
