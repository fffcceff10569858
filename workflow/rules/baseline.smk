rule baseline:
    input:
        frames=FRAMES,
        lists=frame_lists,
        split=rules.split.output.split,
    output:
        expand("<results>/generated/{{baseline}}/{set}.h5", set=SETS),
    log:
        "<logs>/generate/{baseline}.log",
    benchmark:
        "<benchmarks>/generate/{baseline}.tsv"
    wildcard_constraints:
        baseline=parameters.any_of(systems.BASELINES),
    conda:
        "../envs/s2r.yaml"
    params:
        clips=config["evaluation"]["clips"],
        recordings=config["evaluation"]["recordings"],
        sets=SETS,
    script:
        "../scripts/baseline.py"
