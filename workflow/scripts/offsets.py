"""List how late the sound of every recording is, as the frames stage found it."""

from s2r.core.job import job

with job(snakemake):
    from s2r.core.files import atomic_path
    from s2r.core.shards import Shards
    from s2r.preparation.offsets import collect_offsets, describe_offsets

    offsets = collect_offsets(Shards(snakemake.input.frames))
    print(describe_offsets(offsets))
    with atomic_path(snakemake.output.offsets) as temporary:
        offsets.to_csv(temporary, index=False)
