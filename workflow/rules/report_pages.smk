# What the report shows besides the results themselves; captions in workflow/report.
rule report_pages:
    input:
        recordings=rules.recordings.output.recordings,
        split=rules.split.output.split,
        curves=CURVES,
        table=rules.tables.output.markdown,
        differences=rules.differences.output.markdown,
        samples=rules.samples.output.folder,
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
        differences=report(
            "<results>/report/differences.html",
            caption="../report/differences.rst",
            category="3 Table 1",
            labels={"what": "differences"},
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
