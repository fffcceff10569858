# The best run as a folder of its own, for `s2r generate`.
rule model:
    input:
        scores=rules.tables.output.scores,
        models=expand("<results>/runs/{run}/model.safetensors", run=RUNS),
        frames=FRAMES,
        lists=shard_lists,
        split=rules.split.output.split,
        weights=embedded_whisper(ENCODERS),
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
