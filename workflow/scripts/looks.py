"""Contact sheet and side-by-side videos with sound, for looking at."""

from s2r.script import job

with job(snakemake):
    import pandas as pd

    from s2r.looks import make_looks
    from s2r.store import Shards

    paths = iter(snakemake.input.generated)
    generated = {
        system: {set_name: next(paths) for set_name in snakemake.params.sets}
        for system in snakemake.params.systems
    }
    make_looks(
        snakemake.output.folder,
        generated,
        pd.read_csv(snakemake.input.scores, keep_default_na=False),
        Shards(snakemake.input.frames),
        synthetic=snakemake.params.synthetic,
    )
