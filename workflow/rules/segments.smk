rule segments:
    input:
        frames=FRAMES,
        lists=frame_lists,
        recordings=rules.recordings.output.recordings,
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
