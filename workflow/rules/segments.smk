rule segments:
    input:
        frames=FRAMES,
        lists=shard_lists,
        recordings=rules.index.output.recordings,
        split=rules.split.output.split,
    output:
        segments="<results>/segments.csv",
    log:
        "<logs>/segments.log",
    conda:
        "../envs/s2r.yaml"
    params:
        stimuli=config["words"]["stimuli"],
        transcripts=parameters.transcripts(config),
        sets=SETS,
    script:
        "../scripts/segments.py"
