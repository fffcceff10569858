# Files dropped into speech/ become <results>/videos/{name}.mp4, asked for by that name.
rule speech_video:
    input:
        speech=speech_file,
        model=rules.model.output.folder,
    output:
        video="<results>/videos/{name}.mp4",
    log:
        "<logs>/videos/{name}.log",
    wildcard_constraints:
        # On a cluster the name becomes part of a command line, where $ and quotes have a meaning.
        name=r"\w[\w .+-]*",
    conda:
        "../envs/s2r.yaml"
    threads: THREADS
    resources:
        gpu=GPU,
    params:
        held=speech_held,
    script:
        "../scripts/speech_video.py"
