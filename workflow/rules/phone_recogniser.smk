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


rule phone_recogniser:
    input:
        frames=FRAMES,
        lists=frame_lists,
        split=rules.split.output.split,
        times=rules.phone_times.output.times,
    output:
        recogniser="<results>/instruments/phones.safetensors",
    log:
        "<logs>/phone_recogniser.log",
    benchmark:
        "<benchmarks>/phone_recogniser.tsv"
    conda:
        "../envs/s2r.yaml"
    # One thread: the network is so small that more of them would wait for each other.
    threads: 1
    params:
        code=SCORES_CODE,
        seed=config["evaluation"]["seed"],
    script:
        "../scripts/phone_recogniser.py"
