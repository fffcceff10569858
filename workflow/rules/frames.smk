rule frames:
    input:
        recordings=shard_list,
    output:
        frames="<results>/frames/{shard}.h5",
        index="<results>/frames/{shard}.json",
    log:
        "<logs>/frames/{shard}.log",
    benchmark:
        "<benchmarks>/frames/{shard}.tsv"
    conda:
        "../envs/s2r.yaml"
    params:
        frames=config["frames"] | VOLUMES,
        onset_trim=config["recordings"]["onset_trim"],
        audio_offset=config["recordings"]["audio_offset"],
    script:
        "../scripts/frames.py"
