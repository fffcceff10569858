rule generate:
    input:
        model=rules.train.output.model,
        frames=FRAMES,
        lists=run_lists,
        embeddings=embeddings,
        split=rules.split.output.split,
    output:
        videos=expand("<results>/generated/{{run}}/{set}.h5", set=SETS),
        means=expand("<results>/generated/mean-{{run}}/{set}.h5", set=SETS),
    log:
        "<logs>/generate/{run}.log",
    benchmark:
        "<benchmarks>/generate/{run}.tsv"
    wildcard_constraints:
        run=parameters.any_of(systems.replicates_of(config, RUNS_WITH_MEAN)),
    priority: 1
    conda:
        "../envs/s2r.yaml"
    threads: THREADS
    resources:
        gpu=GPU,
    params:
        settings=generation_settings,
        size=run_size,
        amount={
            key: config["evaluation"][key]
            for key in ("draws", "clips", "recordings", "batch", "seed")
        },
        sets=SETS,
    script:
        "../scripts/generate.py"


use rule generate as generate_without_mean with:
    output:
        videos=expand("<results>/generated/{{run}}/{set}.h5", set=SETS),
    wildcard_constraints:
        run=parameters.any_of(
            systems.replicates_of(config, set(RUNS) - set(RUNS_WITH_MEAN))
        ),
