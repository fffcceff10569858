rule segments:
    input:
        frames=FRAMES,
        lists=shard_lists,
        recordings=rules.index.output.recordings,
        split=rules.split.output.split,
    output:
        segments="<results>/segments.csv",
    log:
        "<logs>/segments.log",
    conda:
        "../envs/s2r.yaml"
    params:
        stimuli=config["words"]["stimuli"],
        transcripts=parameters.transcripts(config),
        sets=SETS,
    script:
        "../scripts/segments.py"


rule generate_words:
    input:
        model=rules.train.output.model,
        frames=FRAMES,
        lists=shard_lists,
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
        size=lambda wildcards: parameters.size_label(config, wildcards.run),
        amount={key: config["evaluation"][key] for key in ("draws", "batch", "seed")},
        most=config["words"]["singles"],
        sets=SETS,
    script:
        "../scripts/generate_words.py"


rule words:
    input:
        rollouts=expand(
            "<results>/generated/{system}/{set}.h5", system=SYSTEMS, set=SETS
        ),
        singles=expand("<results>/words/{run}/{set}.h5", run=SINGLE_RUNS, set=SETS),
        segments=rules.segments.output.segments,
        frames=FRAMES,
        lists=shard_lists,
        recordings=rules.index.output.recordings,
        region=rules.measures.output.region,
        probe=rules.measures.output.probe,
    output:
        table=report(
            "<results>/words.csv",
            caption="../report/words.rst",
            category="6 Words",
            labels={"what": "table, as CSV"},
        ),
        values="<results>/words_items.csv",
        figure=report(
            "<results>/words.png",
            caption="../report/words.rst",
            category="6 Words",
            labels={"what": "three items"},
        ),
    log:
        "<logs>/words.log",
    benchmark:
        "<benchmarks>/words.tsv"
    conda:
        "../envs/s2r.yaml"
    threads: THREADS
    params:
        systems=SYSTEMS,
        runs=SINGLE_RUNS,
        sets=SETS,
        resamples=config["evaluation"]["resamples"],
        seed=config["evaluation"]["seed"],
        synthetic=config["corpus"]["kind"] == "phantom",
    script:
        "../scripts/words.py"
