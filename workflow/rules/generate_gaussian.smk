# Noise around the mean of one run, in place of its diffusion.
rule generate_gaussian:
    input:
        model=rules.train.output.model,
        frames=FRAMES,
        lists=run_lists,
        embeddings=embeddings,
        split=rules.split.output.split,
    output:
        videos=expand("<results>/generated/gaussian-{{run}}/{set}.h5", set=SETS),
    log:
        "<logs>/generate/gaussian-{run}.log",
    benchmark:
        "<benchmarks>/generate/gaussian-{run}.tsv"
    wildcard_constraints:
        run=parameters.any_of(systems.replicates_of(config, [RUN_WITH_GAUSSIAN])),
    conda:
        "../envs/s2r.yaml"
    threads: THREADS
    resources:
        gpu=GPU,
    params:
        settings=generation_settings,
        size=run_size,
        amount=rules.generate.params.amount,
        sets=SETS,
    script:
        "../scripts/generate_gaussian.py"
