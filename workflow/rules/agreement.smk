# Does a video belong to its sound? Trained on true pairs, while models are trained. One thread: the
# network is so small that more of them would wait for each other.
rule agreement:
    input:
        frames=FRAMES,
        lists=judge_lists,
        embeddings=judge_embeddings,
        split=rules.split.output.split,
    output:
        instrument="<results>/instruments/agreement-{judge}.safetensors",
    log:
        "<logs>/agreement/{judge}.log",
    benchmark:
        "<benchmarks>/agreement/{judge}.tsv"
    wildcard_constraints:
        judge=parameters.any_of(JUDGES),
    # Below trainings, above what waits for them.
    priority: 1
    conda:
        "../envs/s2r.yaml"
    params:
        code=SCORES_CODE,
        encoder=judge_encoder,
        seed=config["evaluation"]["seed"],
        steps=config["evaluation"]["agreement_steps"],
    script:
        "../scripts/agreement.py"
