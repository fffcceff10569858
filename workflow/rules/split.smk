rule split:
    input:
        recordings=rules.recordings.output.recordings,
        lists=frame_lists,
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
