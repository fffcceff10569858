if CONTOURS:

    # The user's own contours of articulators, in mm at the frames of the clock.
    rule contours:
        input:
            traced=there("corpus.contours.path", TRACED),
            frames=FRAMES,
            lists=frame_lists,
            recordings=rules.recordings.output.recordings,
            split=rules.split.output.split,
        output:
            contours=CONTOURS[0],
        log:
            "<logs>/contours.log",
        conda:
            "../envs/s2r.yaml"
        params:
            held=content_digest(TRACED),
            settings=config["corpus"]["contours"],
        script:
            "../scripts/contours.py"
