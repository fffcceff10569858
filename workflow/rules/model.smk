# The best trained system as a folder of its own, for `s2r generate`.
rule model:
    input:
        curves=CURVES,
        models=expand("<results>/runs/{system}/model.safetensors", system=TRAINED),
        frames=FRAMES,
        lists=frame_lists,
        split=rules.split.output.split,
        probe=rules.instruments.output.probe,
        weights=embedded_whisper(ENCODERS),
    output:
        folder=directory("<results>/model"),
    log:
        "<logs>/model.log",
    conda:
        "../envs/s2r.yaml"
    params:
        systems=TRAINED,
    script:
        "../scripts/model.py"
