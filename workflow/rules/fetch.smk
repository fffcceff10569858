localrules:
    fetch_i3d,
    fetch_whisper,


rule fetch_i3d:
    output:
        weights="weights/i3d-kinetics-400.safetensors",
    log:
        "<logs>/fetch_i3d.log",
    conda:
        "../envs/s2r.yaml"
    script:
        "../scripts/fetch_i3d.py"


rule fetch_whisper:
    output:
        weights=WHISPER,
    log:
        "<logs>/fetch_whisper.log",
    conda:
        "../envs/s2r.yaml"
    script:
        "../scripts/fetch_whisper.py"
