rule real_features:
    input:
        frames=FRAMES,
        lists=frame_lists,
        split=rules.split.output.split,
        i3d=i3d_weights,
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
        code=SCORES_CODE,
        i3d=I3D_HELD,
        clips=config["evaluation"]["clips"],
        sets=SETS,
    script:
        "../scripts/real_features.py"
