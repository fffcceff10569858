# What the report shows besides the results themselves; captions in workflow/report.
rule report_pages:
    input:
        recordings=rules.index.output.recordings,
        split=rules.split.output.split,
        scores=rules.tables.output.scores,
        table=rules.tables.output.markdown,
        looks=rules.looks.output.folder,
    output:
        configuration=report(
            "<results>/report/configuration.html",
            caption="../report/configuration.rst",
            category="1 What was done",
            labels={"page": "configuration"},
        ),
        corpus=report(
            "<results>/report/corpus.html",
            caption="../report/corpus.rst",
            category="1 What was done",
            labels={"page": "corpus and its defects"},
        ),
        split=report(
            "<results>/report/split.html",
            caption="../report/split.rst",
            category="1 What was done",
            labels={"page": "split"},
        ),
        table=report(
            "<results>/report/table1.html",
            caption="../report/table1.rst",
            category="3 Table 1",
            labels={"what": "table"},
        ),
        videos=report(
            "<results>/report/videos.html",
            caption="../report/videos.rst",
            category="4 Pictures and videos",
            labels={"what": "videos of the best model"},
        ),
    log:
        "<logs>/report_pages.log",
    conda:
        "../envs/s2r.yaml"
    params:
        config=dict(config),
        synthetic=HAS_TRUTH,
    script:
        "../scripts/report_pages.py"


rule report_figures:
    input:
        generated=rules.looks.input.generated,
        scores=rules.tables.output.scores,
        frames=FRAMES,
        lists=shard_lists,
        region=rules.measures.output.region,
    output:
        overview=report(
            "<results>/report/overview.png",
            caption="../report/overview.rst",
            category="4 Pictures and videos",
            labels={"what": "overview"},
        ),
        drift=report(
            "<results>/report/drift.png",
            caption="../report/drift.rst",
            category="5 Errors",
            labels={"what": "errors over time"},
        ),
        regions=report(
            "<results>/report/regions.png",
            caption="../report/regions.rst",
            category="5 Errors",
            labels={"what": "errors over the picture"},
        ),
    log:
        "<logs>/report_figures.log",
    conda:
        "../envs/s2r.yaml"
    params:
        systems=SYSTEMS,
        sets=SETS,
        synthetic=HAS_TRUTH,
        resamples=config["evaluation"]["resamples"],
        seed=config["evaluation"]["seed"],
    script:
        "../scripts/report_figures.py"
