# The human rating study, made by name: the clips, and what the raters' answers say.
rule rating:
    input:
        frames=FRAMES,
        lists=shard_lists,
        recordings=rules.index.output.recordings,
        segments=rules.segments.output.segments,
        rollouts=expand("<results>/generated/{run}/{set}.h5", run=RATED_RUNS, set=SETS),
        # Only needed to find the best run.
        scores=[] if config["rating"]["run"] else rules.tables.output.scores,
    output:
        folder=directory("<results>/rating"),
    log:
        "<logs>/rating.log",
    conda:
        "../envs/s2r.yaml"
    params:
        settings={key: config["rating"][key] for key in parameters.RATING_CLIPS},
        runs=RATED_RUNS,
        sets=SETS,
        synthetic=HAS_TRUTH,
    script:
        "../scripts/rating.py"
