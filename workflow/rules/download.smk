localrules:
    download,


# Runs only when it is asked for by name: it has no output that another rule could ask for.
rule download:
    log:
        "<logs>/download.log",
    conda:
        "../envs/s2r.yaml"
    params:
        folder=CORPUS if USC75 else "data/usc75",
    script:
        "../scripts/download.py"
