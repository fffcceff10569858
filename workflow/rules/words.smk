rule words:
    input:
        rollouts=expand(
            "<results>/generated/{system}/{set}.h5", system=SYSTEMS, set=SETS
        ),
        singles=expand("<results>/words/{run}/{set}.h5", run=SINGLE_RUNS, set=SETS),
        curves=CURVES,
        segments=rules.segments.output.segments,
        frames=FRAMES,
        lists=frame_lists,
        recordings=rules.recordings.output.recordings,
        contours=CONTOURS,
        region=rules.instruments.output.region,
        probe=rules.instruments.output.probe,
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
        code=SCORES_CODE,
        systems=SYSTEMS,
        runs=SINGLE_RUNS,
        sets=SETS,
        resamples=config["evaluation"]["resamples"],
        seed=config["evaluation"]["seed"],
        synthetic=HAS_TRUTH,
    script:
        "../scripts/words.py"
