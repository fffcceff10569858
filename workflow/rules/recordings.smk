# The index, after the frames are made: what could not be prepared is no recording to train on.
rule recordings:
    input:
        index=rules.index.output.index,
        frames=FRAMES,
        lists=frame_lists,
    output:
        recordings="<results>/recordings.csv",
    log:
        "<logs>/recordings.log",
    conda:
        "../envs/s2r.yaml"
    params:
        minimum_frames=config["recordings"]["minimum_frames"],
    script:
        "../scripts/recordings.py"
