rule embed:
    input:
        frames=ancient("<results>/frames/{shard}.h5"),
        index="<results>/frames/{shard}.json",
        list=shard_list,
        weights=encoder_weights,
    output:
        embeddings="<results>/embeddings/{encoder}/{shard}.h5",
        index="<results>/embeddings/{encoder}/{shard}.json",
    log:
        "<logs>/embed/{encoder}/{shard}.log",
    benchmark:
        "<benchmarks>/embed/{encoder}/{shard}.tsv"
    priority: 3  # trainings wait for it
    conda:
        "../envs/s2r.yaml"
    resources:
        gpu=GPU,
    params:
        held=encoder_held,
        encoder=lambda wildcards: parameters.encoder_settings(config, wildcards.encoder),
        copies=lambda wildcards: parameters.sound_copies(config, wildcards.encoder),
    script:
        "../scripts/embed.py"
