"""Read the user's contours of articulators and bring them to the frames."""

from s2r.core.job import job

with job(snakemake):
    from s2r.config.build import build
    from s2r.config.data_blocks import ContoursBlock
    from s2r.preparation.contours import prepare_contours
    from s2r.preparation.recordings import open_recordings

    prepare_contours(
        open_recordings(snakemake.input),
        build(ContoursBlock, snakemake.params.settings),
        snakemake.output.contours,
    )
