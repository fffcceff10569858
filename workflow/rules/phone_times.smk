rule phone_times:
    input:
        frames=FRAMES,
        lists=frame_lists,
        recordings=rules.recordings.output.recordings,
        split=rules.split.output.split,
    output:
        times="<results>/phone_times.csv",
    log:
        "<logs>/phone_times.log",
    conda:
        "../envs/s2r.yaml"
    params:
        code=SCORES_CODE,
        textgrids=textgrids_held,
        transcripts=parameters.transcripts(config),
        sets=["train", "validation", *SETS],
    script:
        "../scripts/phone_times.py"
