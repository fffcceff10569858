rule generate_recurrent:
    input:
        model=rules.train_recurrent.output.model,
        frames=FRAMES,
        lists=run_lists,
        embeddings=embeddings,
        split=rules.split.output.split,
    output:
        expand("<results>/generated/recurrent-{{encoder}}/{set}.h5", set=SETS),
    log:
        "<logs>/generate/recurrent-{encoder}.log",
    benchmark:
        "<benchmarks>/generate/recurrent-{encoder}.tsv"
    wildcard_constraints:
        encoder=parameters.any_of(RECURRENT_SEEDS),
    conda:
        "../envs/s2r.yaml"
    threads: THREADS
    resources:
        gpu=GPU,
    params:
        encoder=run_encoder,
        size=run_size,
        clips=config["evaluation"]["clips"],
        recordings=config["evaluation"]["recordings"],
        sets=SETS,
    script:
        "../scripts/generate_recurrent.py"
