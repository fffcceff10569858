localrules:
    fetch_i3d,


rule fetch_i3d:
    output:
        weights="weights/i3d-kinetics-400.safetensors",
    log:
        "<logs>/fetch_i3d.log",
    conda:
        "../envs/s2r.yaml"
    script:
        "../scripts/fetch_i3d.py"


rule measures:
    input:
        frames=FRAMES,
        lists=shard_lists,
        split=rules.split.output.split,
        recordings=rules.index.output.recordings,
    output:
        region="<results>/measures/region.npz",
        probe=["<results>/measures/probe.safetensors"] if HAS_TRUTH else [],
    log:
        "<logs>/measures.log",
    benchmark:
        "<benchmarks>/measures.tsv"
    conda:
        "../envs/s2r.yaml"
    # One thread: the probe is so small that more of them would wait for each other.
    threads: 1
    params:
        seed=config["evaluation"]["seed"],
    script:
        "../scripts/measures.py"


rule real_features:
    input:
        frames=FRAMES,
        lists=shard_lists,
        split=rules.split.output.split,
        i3d=I3D,
    output:
        features="<results>/scores/real_features.npz",
    log:
        "<logs>/real_features.log",
    benchmark:
        "<benchmarks>/real_features.tsv"
    conda:
        "../envs/s2r.yaml"
    threads: THREADS
    resources:
        gpu=GPU,
    params:
        clips=config["evaluation"]["clips"],
        sets=SETS,
    script:
        "../scripts/real_features.py"


rule score:
    input:
        generated=expand("<results>/generated/{{system}}/{set}.h5", set=SETS),
        frames=FRAMES,
        lists=shard_lists,
        recordings=rules.index.output.recordings,
        split=rules.split.output.split,
        region=rules.measures.output.region,
        probe=rules.measures.output.probe,
        features=rules.real_features.output.features,
        i3d=I3D,
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
        recordings=config["evaluation"]["recordings"],
        sets=SETS,
        seed=config["evaluation"]["seed"],
        resamples=config["evaluation"]["resamples"],
    script:
        "../scripts/score.py"


if HAS_TRUTH:

    rule score_real:
        input:
            frames=FRAMES,
            lists=shard_lists,
            recordings=rules.index.output.recordings,
            split=rules.split.output.split,
            region=rules.measures.output.region,
            probe=rules.measures.output.probe,
        output:
            scores="<results>/scores/real.json",
        log:
            "<logs>/score/real.log",
        conda:
            "../envs/s2r.yaml"
        params:
            recordings=config["evaluation"]["recordings"],
            sets=SETS,
        script:
            "../scripts/score_real.py"
