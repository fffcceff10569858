# The best run as a folder of its own, for `s2r generate`.
rule model:
    input:
        scores=rules.tables.output.scores,
        models=expand("<results>/runs/{run}/model.safetensors", run=RUNS),
        frames=FRAMES,
        lists=shard_lists,
        split=rules.split.output.split,
        weights=[WHISPER] if "whisper" in KINDS else [],
    output:
        folder=directory("<results>/model"),
    log:
        "<logs>/model.log",
    conda:
        "../envs/s2r.yaml"
    params:
        runs=RUNS,
    script:
        "../scripts/model.py"


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
    script:
        "../scripts/speech_video.py"
