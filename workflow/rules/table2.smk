# The clips are no input: the file of answers knows them, and must outlive a new model.
rule table2:
    input:
        answers=rating_answers,
    output:
        table=report(
            "<results>/table2.csv",
            caption="../report/table2.rst",
            category="7 Table 2",
        ),
        markdown="<results>/table2.md",
        rows="<results>/rating_answers.csv",
        comments="<results>/rating_comments.csv",
        raters="<results>/rating_raters.csv",
    log:
        "<logs>/table2.log",
    conda:
        "../envs/s2r.yaml"
    params:
        resamples=config["evaluation"]["resamples"],
        seed=config["evaluation"]["seed"],
        synthetic=HAS_TRUTH,
    script:
        "../scripts/table2.py"
