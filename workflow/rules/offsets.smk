rule offsets:
    input:
        frames=FRAMES,
        lists=frame_lists,
    output:
        offsets="<results>/offsets.csv",
    log:
        "<logs>/offsets.log",
    conda:
        "../envs/s2r.yaml"
    script:
        "../scripts/offsets.py"
