rule generate_words:
    input:
        model=rules.train.output.model,
        frames=FRAMES,
        lists=run_lists,
        embeddings=embeddings,
        segments=rules.segments.output.segments,
    output:
        videos=expand("<results>/words/{{run}}/{set}.h5", set=SETS),
    log:
        "<logs>/words/{run}.log",
    benchmark:
        "<benchmarks>/words/{run}.tsv"
    conda:
        "../envs/s2r.yaml"
    threads: THREADS
    resources:
        gpu=GPU,
    params:
        settings=generation_settings,
        size=run_size,
        amount={key: config["evaluation"][key] for key in ("draws", "batch", "seed")},
        most=config["words"]["singles"],
        sets=SETS,
    script:
        "../scripts/generate_words.py"
