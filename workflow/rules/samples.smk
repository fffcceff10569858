rule samples:
    input:
        generated=expand(
            "<results>/generated/{system}/{set}.h5", system=SYSTEMS, set=SETS
        ),
        curves=CURVES,
        frames=FRAMES,
        lists=frame_lists,
    output:
        folder=report(
            directory("<results>/samples"),
            patterns=["{name}.png"],
            caption="../report/samples.rst",
            category="4 Pictures and videos",
            labels={"what": "contact sheet"},
        ),
    log:
        "<logs>/samples.log",
    conda:
        "../envs/s2r.yaml"
    params:
        systems=SYSTEMS,
        sets=SETS,
        synthetic=HAS_TRUTH,
    script:
        "../scripts/samples.py"
