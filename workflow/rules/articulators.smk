rule articulators:
    input:
        scores=rules.tables.output.scores,
    output:
        table=report(
            "<results>/articulators.csv",
            caption="../report/articulators.rst",
            category="8 Articulators",
            labels={"what": "table, as CSV"},
        ),
        figure=report(
            "<results>/articulators.png",
            caption="../report/articulators.rst",
            category="8 Articulators",
            labels={"what": "figure"},
        ),
    log:
        "<logs>/articulators.log",
    conda:
        "../envs/s2r.yaml"
    params:
        code=TABLES_CODE,
        synthetic=HAS_TRUTH,
    script:
        "../scripts/articulators.py"
