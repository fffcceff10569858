# Made by name only: it needs a folder of speech and, for texts, a forced aligner.
rule real_speech:
    input:
        speech=folder_of_speech,
        model=rules.model.output.folder,
        frames=FRAMES,
        lists=frame_lists,
        recordings=rules.recordings.output.recordings,
        split=rules.split.output.split,
        region=rules.instruments.output.region,
        probe=rules.instruments.output.probe,
        phone_times=rules.phone_times.output.times,
    output:
        table=report(
            "<results>/real_speech.csv",
            caption="../report/real_speech.rst",
            category="9 Speech of people",
            labels={"what": "table, as CSV"},
        ),
        values="<results>/real_speech_phones.csv",
        figure=report(
            "<results>/real_speech.png",
            caption="../report/real_speech.rst",
            category="9 Speech of people",
            labels={"what": "figure"},
        ),
    log:
        "<logs>/real_speech.log",
    benchmark:
        "<benchmarks>/real_speech.tsv"
    conda:
        "../envs/s2r.yaml"
    threads: THREADS
    resources:
        gpu=GPU,
    params:
        code=SCORES_CODE,
        held=lambda wildcards: content_digest(config["speech"]["path"]),
        sets=[name for name in SETS if name != "unseen_speech"],
        recordings=config["evaluation"]["recordings"],
        resamples=config["evaluation"]["resamples"],
        seed=config["evaluation"]["seed"],
        synthetic=HAS_TRUTH,
    script:
        "../scripts/real_speech.py"
