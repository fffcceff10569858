rule report_figures:
    input:
        generated=rules.samples.input.generated,
        curves=CURVES,
        frames=FRAMES,
        lists=frame_lists,
        region=rules.instruments.output.region,
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
