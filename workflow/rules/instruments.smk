rule instruments:
    input:
        frames=FRAMES,
        lists=frame_lists,
        split=rules.split.output.split,
        recordings=rules.recordings.output.recordings,
        contours=CONTOURS,
    output:
        region="<results>/instruments/region.npz",
        probe=["<results>/instruments/probe.safetensors"] if HAS_CONTOURS else [],
    log:
        "<logs>/instruments.log",
    benchmark:
        "<benchmarks>/instruments.tsv"
    priority: 1
    conda:
        "../envs/s2r.yaml"
    # One thread: the probe is so small that more of them would wait for each other.
    threads: 1
    params:
        code=SCORES_CODE,
        seed=config["evaluation"]["seed"],
    script:
        "../scripts/instruments.py"
