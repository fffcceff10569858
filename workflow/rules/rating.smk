# The human rating study, made by name: the clips, and what the raters' answers say.
rule rating:
    input:
        frames=FRAMES,
        lists=frame_lists,
        recordings=rules.recordings.output.recordings,
        segments=rules.segments.output.segments,
        rollouts=expand("<results>/generated/{system}/{set}.h5", system=RATED, set=SETS),
        texts=config["rating"]["texts"] or [],
        # Only needed to find the best one.
        curves=[] if config["rating"]["run"] else CURVES,
    output:
        folder=directory("<results>/rating"),
    log:
        "<logs>/rating.log",
    conda:
        "../envs/s2r.yaml"
    params:
        settings={key: config["rating"][key] for key in parameters.RATING_CLIPS},
        systems=RATED,
        sets=SETS,
        synthetic=HAS_TRUTH,
    script:
        "../scripts/rating.py"
