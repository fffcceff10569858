# Articulation codes: once a corpus, shared by all runs of preset s2r.
rule autoencoder:
    input:
        frames=FRAMES,
        lists=frame_lists,
        split=rules.split.output.split,
    output:
        model="<results>/autoencoder/autoencoder.safetensors",
        codes="<results>/autoencoder/codes.h5",
        index="<results>/autoencoder/codes.json",
        plot=report(
            "<results>/autoencoder/codes.png",
            caption="../report/codes.rst",
            category="2 Training",
            labels={"run": "articulation codes"},
        ),
    log:
        "<logs>/autoencoder.log",
    benchmark:
        "<benchmarks>/autoencoder.tsv"
    # All trainings wait for it.
    priority: 3
    conda:
        "../envs/s2r.yaml"
    threads: THREADS
    resources:
        gpu=GPU,
    params:
        settings=config["autoencoder"],
    script:
        "../scripts/autoencoder.py"
