rule score_real:
    input:
        frames=FRAMES,
        lists=frame_lists,
        recordings=rules.recordings.output.recordings,
        contours=CONTOURS,
        split=rules.split.output.split,
        region=rules.instruments.output.region,
        probe=rules.instruments.output.probe,
        recogniser=rules.phone_recogniser.output.recogniser,
        phone_times=rules.phone_times.output.times,
        instruments=judge_files(rules.agreement, "instrument"),
        vectors=judge_files(rules.agreement_features, "features"),
    output:
        scores="<results>/scores/real.json",
    log:
        "<logs>/score/real.log",
    conda:
        "../envs/s2r.yaml"
    params:
        code=SCORES_CODE,
        judges=judges_of,
        recordings=config["evaluation"]["recordings"],
        word_lists=WORD_LISTS,
        sets=SETS,
        seed=config["evaluation"]["seed"],
    script:
        "../scripts/score_real.py"
