# Asked for by name only: how the same videos score under the protocol of the paper's code.
rule released:
    input:
        generated=expand(
            "<results>/generated/{system}/{set}.h5", system=SYSTEMS, set=SETS
        ),
        frames=FRAMES,
        lists=frame_lists,
        split=rules.split.output.split,
        i3d=i3d_weights,
    output:
        table="<results>/released_protocol.csv",
    log:
        "<logs>/released.log",
    benchmark:
        "<benchmarks>/released.tsv"
    conda:
        "../envs/s2r.yaml"
    threads: THREADS
    resources:
        gpu=GPU,
    params:
        code=SCORES_CODE,
        i3d=I3D_HELD,
        made=[(system, name) for system in SYSTEMS for name in SETS],
    script:
        "../scripts/released.py"
