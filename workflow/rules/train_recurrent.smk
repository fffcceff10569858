rule train_recurrent:
    input:
        frames=FRAMES,
        lists=run_lists,
        embeddings=embeddings,
        split=rules.split.output.split,
    output:
        model="<results>/runs/recurrent-{encoder}/model.safetensors",
        curve="<results>/runs/recurrent-{encoder}/curve.csv",
        plot=report(
            "<results>/runs/recurrent-{encoder}/curve.png",
            caption="../report/curve_recurrent.rst",
            category="2 Training",
            labels={"run": "recurrent-{encoder}"},
        ),
    log:
        "<logs>/train/recurrent-{encoder}.log",
    benchmark:
        "<benchmarks>/train/recurrent-{encoder}.tsv"
    wildcard_constraints:
        encoder=parameters.any_of(RECURRENT_SEEDS),
    conda:
        "../envs/s2r.yaml"
    threads: THREADS
    resources:
        gpu=GPU,
    params:
        settings=training_settings,
        seed=training_seed,
        name=trained,
        # Not an output: Snakemake would delete it with a job that was killed.
        state="state/recurrent-{encoder}",
    script:
        "../scripts/train_recurrent.py"
