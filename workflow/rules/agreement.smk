JUDGES = judges.instruments(config)


def judge_embeddings(wildcards):
    """The embeddings of an instrument's encoder; log-mel is computed from the stored sound."""
    if wildcards.judge == judges.LOGMEL:
        return []
    return ancient(
        expand(
            "<results>/embeddings/{encoder}/{shard}.h5",
            encoder=wildcards.judge,
            shard=SHARDS,
        )
    )


def judge_lists(wildcards):
    """The recordings of every shard, and the indexes of what an instrument reads of them."""
    if wildcards.judge == judges.LOGMEL:
        return frame_lists(wildcards)
    return [
        *frame_lists(wildcards),
        *expand(
            "<results>/embeddings/{encoder}/{shard}.json",
            encoder=wildcards.judge,
            shard=SHARDS,
        ),
    ]


def judge_encoder(wildcards):
    """What makes the embeddings of an instrument's encoder."""
    if wildcards.judge == judges.LOGMEL:
        return {"kind": "logmel"}
    return parameters.encoder_settings(config, wildcards.judge)


# Does a video belong to its sound? Trained on true pairs, while models are trained.
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
    # One thread: the network is so small that more of them would wait for each other.
    threads: 1
    params:
        code=SCORES_CODE,
        encoder=judge_encoder,
        seed=config["evaluation"]["seed"],
    script:
        "../scripts/agreement.py"


rule agreement_features:
    input:
        frames=FRAMES,
        lists=judge_lists,
        embeddings=judge_embeddings,
        split=rules.split.output.split,
        instrument=rules.agreement.output.instrument,
    output:
        features="<results>/scores/agreement-{judge}.npz",
    log:
        "<logs>/agreement/features-{judge}.log",
    wildcard_constraints:
        judge=parameters.any_of(JUDGES),
    conda:
        "../envs/s2r.yaml"
    threads: 1
    params:
        code=SCORES_CODE,
        recordings=config["evaluation"]["recordings"],
        sets=SETS,
    script:
        "../scripts/agreement_features.py"
