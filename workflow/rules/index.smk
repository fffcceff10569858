# A checkpoint, see shard_lists.
checkpoint index:
    input:
        corpus=CORPUS,
        metafile=METAFILE or [],
        folders=corpus_folders,
    output:
        recordings="<results>/recordings.csv",
        shards=expand("<results>/shards/{shard}.csv", shard=SHARDS),
    log:
        "<logs>/index.log",
    conda:
        "../envs/s2r.yaml"
    threads: 4
    params:
        kind=config["corpus"]["kind"],
        folder=(
            config["corpus"]["folder"] if config["corpus"]["kind"] == "folder" else {}
        ),
        expected_subjects=config["corpus"]["expected_subjects"],
        recordings=config["recordings"],
        silent=config["corpus"]["silent"],
    script:
        "../scripts/index.py"
