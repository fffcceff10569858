if config["corpus"]["kind"] == "phantom":

    rule phantom:
        output:
            marker=PHANTOM,
        log:
            "<logs>/phantom.log",
        benchmark:
            "<benchmarks>/phantom.tsv"
        conda:
            "../envs/s2r.yaml"
        threads: 16
        params:
            **config["corpus"]["phantom"],
        script:
            "../scripts/phantom.py"


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
    script:
        "../scripts/index.py"


rule split:
    input:
        recordings=rules.index.output.recordings,
        lists=shard_lists,
    output:
        split="<results>/split.csv",
    log:
        "<logs>/split.log",
    conda:
        "../envs/s2r.yaml"
    params:
        split=config["split"],
        released=config["paper_compat"]["split"],
    script:
        "../scripts/split.py"
