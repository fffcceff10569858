# Vectors of true speech and video, once for all systems.
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
    params:
        code=SCORES_CODE,
        recordings=config["evaluation"]["recordings"],
        sets=SETS,
    script:
        "../scripts/agreement_features.py"
