"""The commands ``generate``, ``export`` and ``info`` (`s2r.cli` reads their arguments)."""

import sys
from collections.abc import Sequence
from pathlib import Path

from s2r.config.files import read_files
from s2r.config.systems import trained_systems
from s2r.core.device import find_device
from s2r.core.errors import UserError
from s2r.core.outputs import check_outputs
from s2r.generation.folder_content import read_card, read_content, size_of
from s2r.generation.model_folder import load_model_folder
from s2r.generation.speaker import frames_config, reference_frame, sampled_as
from s2r.generation.speech_file import generate_file, warn
from s2r.preparation.frames import prepare_video

DEFAULT_MODEL = Path("results/model")
"""Where the workflow writes its best model."""


def generate(
    speech: Path,
    output: Path | None = None,
    *,
    model: Path | None = None,
    device: str = "auto",
    speaker: str | None = None,
    reference: Sequence[Path] = (),
    force: bool = False,
    seed: int | None = None,
    preset: str | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    clean: bool = False,
    size: int = 256,
    side_by_side: Path | None = None,
    save: Path | None = None,
    overwrite: bool = False,
) -> Path:
    """Generate the video of a sound file; returns its path.

    Without a ``seed`` it is 0. Raises UserError for a seed where the model draws nothing, and
    where an output is an input or, without ``overwrite``, a file that was not written here.
    """
    if not speech.is_file():
        raise UserError(f"{speech}: there is no such file.")
    output = output or Path(f"{speech.stem}.mp4")
    if output.suffix != ".mp4":
        raise UserError(f"{output}: the video is written as mp4; use a name that ends in .mp4.")
    model = model or DEFAULT_MODEL
    inputs = [speech, *reference, *filter(None, [side_by_side])]
    inputs += [model / name for name in ("config.yaml", *read_content(model).files)]
    check_outputs(filter(None, [output, save]), inputs, overwrite)
    loaded = load_model_folder(model, find_device(device))
    if seed is not None and not loaded.model.draws:
        raise UserError(f"{loaded.name} predicts a mean and draws nothing: leave out --seed.")
    loaded = sampled_as(loaded, preset, steps, guidance, clean)
    reference_picture = reference_frame(loaded, speaker, reference, force)
    truth = None
    if side_by_side:
        truth = prepare_video(side_by_side, frames_config(loaded))
    remarks: list[str] = []

    def on_remark(sentence: str) -> None:
        warn(sentence)
        remarks.append(sentence)

    frames = generate_file(
        speech,
        output,
        loaded,
        reference_picture,
        seed=seed or 0,
        size=size,
        truth=truth,
        frames_path=save,
        on_remark=on_remark,
    )
    made = f"{output}: {frames / loaded.frame_rate:.2f} s by {loaded.name}"
    at_rest = any("is silent" in remark for remark in remarks)
    print(f"{made}{', at rest, since the sound is silent' * at_rest}", file=sys.stderr)
    return output


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
        overwrite=overwrite,
    )
    print(f"{output}: the model folder of {name}", file=sys.stderr)
    return output


def info(folder: Path | None) -> str:
    """The model card of a folder, its size and its sampler settings."""
    folder = folder or DEFAULT_MODEL
    content = read_content(folder)
    sampler = content.settings.get("sampler", {})
    sampling = ", ".join(f"{key} {value}" for key, value in sampler.items()) or "none"
    size = size_of(folder, content)
    return f"{read_card(folder)}\n{folder}: {size / 1e6:.0f} MB\nsampler: {sampling}"
