if CONTOURS:

    # How well the probe reads speakers that it was not trained on.
    rule left_out:
        input:
            frames=FRAMES,
            lists=frame_lists,
            split=rules.split.output.split,
            recordings=rules.recordings.output.recordings,
            contours=CONTOURS,
        output:
            table="<results>/instruments/left_out.csv",
        log:
            "<logs>/left_out.log",
        conda:
            "../envs/s2r.yaml"
        params:
            code=SCORES_CODE,
            seed=config["evaluation"]["seed"],
        script:
            "../scripts/left_out.py"
