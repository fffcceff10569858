rule score:
    input:
        generated=expand("<results>/generated/{{system}}/{set}.h5", set=SETS),
        frames=FRAMES,
        lists=frame_lists,
        recordings=rules.recordings.output.recordings,
        contours=CONTOURS,
        split=rules.split.output.split,
        region=rules.instruments.output.region,
        probe=rules.instruments.output.probe,
        recogniser=rules.phone_recogniser.output.recogniser,
        phone_times=rules.phone_times.output.times,
        features=rules.real_features.output.features,
        i3d=i3d_weights,
        instruments=judge_files(rules.agreement, "instrument"),
        vectors=judge_files(rules.agreement_features, "features"),
    output:
        scores="<results>/scores/{system}.json",
    log:
        "<logs>/score/{system}.log",
    benchmark:
        "<benchmarks>/score/{system}.tsv"
    conda:
        "../envs/s2r.yaml"
    threads: THREADS
    resources:
        gpu=GPU,
    params:
        code=SCORES_CODE,
        i3d=I3D_HELD,
        replicate=lambda wildcards: list(REPLICATES[wildcards.system]),
        judges=judges_of,
        recordings=config["evaluation"]["recordings"],
        word_lists=WORD_LISTS,
        sets=SETS,
        seed=config["evaluation"]["seed"],
        resamples=config["evaluation"]["resamples"],
    script:
        "../scripts/score.py"
