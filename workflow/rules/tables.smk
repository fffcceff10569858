rule tables:
    input:
        real=rules.score_real.output.scores,
        scores=expand("<results>/scores/{system}.json", system=REPLICATES),
    output:
        table=report(
            "<results>/table1.csv",
            caption="../report/table1.rst",
            category="3 Table 1",
            labels={"what": "table, as CSV"},
        ),
        markdown="<results>/table1.md",
        tex="<results>/table1.tex",
        origin="<results>/origin.json",
        figure=report(
            "<results>/table1.png",
            caption="../report/table1.rst",
            category="3 Table 1",
            labels={"what": "figure"},
        ),
        scores=report(
            "<results>/scores.csv",
            caption="../report/scores.rst",
            category="3 Table 1",
            labels={"what": "every score, as CSV"},
        ),
    log:
        "<logs>/tables.log",
    conda:
        "../envs/s2r.yaml"
    params:
        code=TABLES_CODE,
        resamples=config["evaluation"]["resamples"],
        seed=config["evaluation"]["seed"],
        synthetic=HAS_TRUTH,
    script:
        "../scripts/tables.py"
