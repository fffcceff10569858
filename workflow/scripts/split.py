"""Draw the sets: train, validation and what is held out."""

from s2r.core.job import job

with job(snakemake):
    from s2r.core.files import write_csv
    from s2r.corpus.index import read_recordings
    from s2r.corpus.released_split import leaks, released_split
    from s2r.corpus.split import make_split

    wanted = snakemake.params.split
    recordings = read_recordings(snakemake.input.recordings)
    if snakemake.params.released:
        split = released_split(recordings)
        for text, (concerned, members) in leaks(split, recordings).items():
            print(f"Released split: {concerned} of {members} recordings {text}.")
    else:
        split = make_split(
            recordings,
            wanted["seed"],
            unseen_subjects=wanted["unseen_subjects"],
            unseen_stimuli=wanted["unseen_stimuli"],
            validation_stimuli=wanted["validation_stimuli"],
            train_styles=wanted["training_styles"],
        )
    print(split["set"].value_counts().to_string())
    write_csv(split, snakemake.output.split)
