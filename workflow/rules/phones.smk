rule phones:
    input:
        real=rules.score_real.output.scores,
        scores=expand("<results>/scores/{system}.json", system=SYSTEMS),
        generated=expand(
            "<results>/generated/{system}/{set}.h5", system=SYSTEMS, set=SETS
        ),
        curves=CURVES,
        frames=FRAMES,
        lists=frame_lists,
        recordings=rules.recordings.output.recordings,
        split=rules.split.output.split,
        region=rules.instruments.output.region,
        recogniser=rules.phone_recogniser.output.recogniser,
        phone_times=rules.phone_times.output.times,
    output:
        table=report(
            "<results>/phones.csv",
            caption="../report/phones.rst",
            category="7 Phones",
            labels={"what": "table, as CSV"},
        ),
        confusion=report(
            "<results>/phones_confusion.csv",
            caption="../report/phones.rst",
            category="7 Phones",
            labels={"what": "confusions, as CSV"},
        ),
        figure=report(
            "<results>/phones.png",
            caption="../report/phones.rst",
            category="7 Phones",
            labels={"what": "confusions and measures"},
        ),
    log:
        "<logs>/phones.log",
    benchmark:
        "<benchmarks>/phones.tsv"
    conda:
        "../envs/s2r.yaml"
    params:
        code=SCORES_CODE,
        tables=TABLES_CODE,
        systems=SYSTEMS,
        sets=SETS,
        word_lists=WORD_LISTS,
        resamples=config["evaluation"]["resamples"],
        seed=config["evaluation"]["seed"],
        synthetic=HAS_TRUTH,
    script:
        "../scripts/phones.py"
