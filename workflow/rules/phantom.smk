if HAS_TRUTH:

    rule phantom:
        output:
            marker=PHANTOM,
        log:
            "<logs>/phantom.log",
        benchmark:
            "<benchmarks>/phantom.tsv"
        conda:
            "../envs/s2r.yaml"
        threads: 16
        params:
            **config["corpus"]["phantom"],
            generator=GENERATOR,
        script:
            "../scripts/phantom.py"
