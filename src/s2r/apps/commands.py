"""The commands ``export`` and ``info`` (`s2r.cli` reads their arguments)."""

import sys
from pathlib import Path

from s2r.apps.models import DEFAULT_PROBE, place_of
from s2r.config.files import read_files
from s2r.config.systems import trained_systems
from s2r.core.errors import UserError
from s2r.generation.folder_content import CONFIG, read_card, read_content, size_of


def export(
    name: str,
    output: Path | None,
    results: Path,
    configfiles: list[Path],
    overwrite: bool = False,
) -> Path:
    """Write a trained system of ``results`` as a model folder; returns the folder.

    With ``overwrite`` a model folder is replaced whose files were changed. Raises UserError for
    any other folder that is not empty.
    """
    if (Path(name) / CONFIG).is_file():
        raise UserError(
            f"{name} is a model folder already: copy it as it is, or upload it with `s2r push`."
        )
    config = read_files([Path("config/config.yaml"), *configfiles])
    output = output or Path("models") / name
    encoder = trained_systems(config).get(name, "")
    from s2r.generation.export import export_run  # here: generate starts without pandas

    export_run(
        config,
        name,
        model_path=results / "runs" / name / "model.safetensors",
        frame_shards=sorted((results / "frames").glob("*.h5")),
        embeddings=sorted((results / "embeddings" / encoder).glob("*.h5")),
        split=results / "split.csv",
        folder=output,
        probe=_probe_of(results),
        overwrite=overwrite,
    )
    print(f"{output}: the model folder of {name}", file=sys.stderr)
    return output


def _probe_of(results: Path) -> Path | None:
    """The contour probe in the results of the workflow; None where the corpus has none."""
    path = results / DEFAULT_PROBE.relative_to("results")
    return path if path.is_file() else None


def info(model: str | Path | None) -> str:
    """The model card of a folder or a repository, its size, its sampler settings and its checksum,
    by which videos name it."""
    place = place_of(model)
    folder = place.folder
    content = read_content(folder)
    sampler = content.settings.get("sampler", {})
    sampling = ", ".join(f"{key} {value}" for key, value in sampler.items()) or "none"
    size = size_of(folder, content)
    about = [
        f"{folder}: {size / 1e6:.0f} MB",
        f"sampler: {sampling}",
        f"sha256: {content.checksum}",
        *([f"revision: {place.source}"] if place.source else []),
    ]
    return "\n".join([read_card(folder), *about])
