# A checkpoint, see shard_lists.
checkpoint index:
    input:
        corpus=PHANTOM if HAS_TRUTH else there("corpus.path", CORPUS),
        metafile=there("corpus.metafile", METAFILE) if METAFILE else [],
    output:
        index="<results>/index.csv",
        shards=expand("<results>/shards/{shard}.csv", shard=SHARDS),
    log:
        "<logs>/index.log",
    conda:
        "../envs/s2r.yaml"
    threads: 4
    params:
        held=corpus_held,
        kind=config["corpus"]["kind"],
        folder=(
            config["corpus"]["folder"] if config["corpus"]["kind"] == "folder" else {}
        ),
        expected_subjects=config["corpus"]["expected_subjects"],
        recordings=config["recordings"],
        silent=config["corpus"]["silent"],
    script:
        "../scripts/index.py"
