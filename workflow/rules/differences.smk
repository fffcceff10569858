# Which differences between the rows of Table 1 are sure.
rule differences:
    input:
        scores=rules.tables.input.scores,
    output:
        table=report(
            "<results>/differences.csv",
            caption="../report/differences.rst",
            category="3 Table 1",
            labels={"what": "differences, as CSV"},
        ),
        markdown="<results>/differences.md",
    log:
        "<logs>/differences.log",
    conda:
        "../envs/s2r.yaml"
    params:
        code=TABLES_CODE,
        synthetic=HAS_TRUTH,
    script:
        "../scripts/differences.py"
