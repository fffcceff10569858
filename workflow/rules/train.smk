rule train:
    input:
        frames=FRAMES,
        lists=run_lists,
        embeddings=embeddings,
        split=rules.split.output.split,
        autoencoder=autoencoder,
        codes=codes,
    output:
        model="<results>/runs/{run}/model.safetensors",
        curve="<results>/runs/{run}/curve.csv",
        plot=report(
            "<results>/runs/{run}/curve.png",
            caption="../report/curve.rst",
            category="2 Training",
            labels={"run": "{run}"},
        ),
    log:
        "<logs>/train/{run}.log",
    benchmark:
        "<benchmarks>/train/{run}.tsv"
    # The longest way through the job begins here: first, so that its end does not wait.
    priority: 2
    conda:
        "../envs/s2r.yaml"
    threads: THREADS
    resources:
        gpu=GPU * config["gpus"],
    params:
        settings=training_settings,
        seed=training_seed,
        name=trained,
        # Not an output: Snakemake would delete it with a job that was killed.
        state="state/{run}",
    script:
        "../scripts/train.py"
