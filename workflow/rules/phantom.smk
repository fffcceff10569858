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
            # A phantom of an earlier version has other speech and other truth.
            code=code_version("corpus/phantom", "corpus/truth.py"),
            held=content_digest(*filter(None, [config["corpus"]["phantom"]["voices"]])),
        script:
            "../scripts/phantom.py"
