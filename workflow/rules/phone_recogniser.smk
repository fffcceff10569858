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
    # All scores wait for it, so it is trained beside the models, and not after them.
    priority: 1
    conda:
        "../envs/s2r.yaml"
    # One thread: the network is so small that more of them would wait for each other.
    threads: 1
    params:
        code=SCORES_CODE,
        seed=config["evaluation"]["seed"],
    script:
        "../scripts/phone_recogniser.py"
