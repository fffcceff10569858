"""The work of the commands of ``s2r`` (`s2r.cli` reads their arguments)."""

import sys
from pathlib import Path

from s2r.config.files import read_files
from s2r.core.device import find_device
from s2r.core.errors import UserError
from s2r.evaluation.instruments import Instruments
from s2r.evaluation.metrics.articulation import kinematics, moving_cells
from s2r.evaluation.metrics.texture import high_frequency_ratio, motion_ratio
from s2r.evaluation.recording_scores import frame_scores
from s2r.generation.export import export_run
from s2r.generation.model_folder import load_model_folder, read_settings
from s2r.generation.speaker import frames_config, reference_frame, sampled_as
from s2r.generation.speech_file import generate_file
from s2r.preparation.frames import FramesConfig, prepare_video
from s2r.preparation.region import dynamic_region

DEFAULT_MODEL = Path("results/model")
"""Where the workflow writes its best model."""


def generate(
    speech: Path,
    output: Path | None = None,
    *,
    model: Path | None = None,
    device: str = "auto",
    speaker: str | None = None,
    reference: Path | None = None,
    force: bool = False,
    seed: int = 0,
    preset: str | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    size: int = 256,
    side_by_side: Path | None = None,
    save: Path | None = None,
) -> Path:
    """Generate the video of a sound file; returns its path."""
    if not speech.is_file():
        raise UserError(f"{speech}: there is no such file.")
    output = output or Path(f"{speech.stem}.mp4")
    if output.suffix != ".mp4":
        raise UserError(f"{output}: the video is written as mp4; use a name that ends in .mp4.")
    if output.resolve() == speech.resolve():
        raise UserError(f"{output} is the input itself: choose another name with -o.")
    loaded = load_model_folder(model or DEFAULT_MODEL, find_device(device))
    loaded = sampled_as(loaded, preset, steps, guidance)
    reference_picture = reference_frame(loaded, speaker, reference, force)
    truth = None
    if side_by_side:
        truth = prepare_video(side_by_side, frames_config(loaded))
    frames = generate_file(
        speech,
        output,
        loaded,
        reference_picture,
        seed=seed,
        size=size,
        truth=truth,
        frames_path=save,
    )
    print(f"{output}: {frames / loaded.frame_rate:.2f} s by {loaded.name}", file=sys.stderr)
    return output


def export(run: str, output: Path | None, results: Path, configfiles: list[Path]) -> Path:
    """Write a run of ``results`` as a model folder; returns the folder."""
    config = read_files([Path("config/config.yaml"), *configfiles])
    output = output or Path("models") / run
    export_run(
        config,
        run,
        model_path=results / "runs" / run / "model.safetensors",
        frame_shards=sorted((results / "frames").glob("*.h5")),
        split=results / "split.csv",
        folder=output,
    )
    print(f"{output}: the model folder of {run}", file=sys.stderr)
    return output


def info(folder: Path | None) -> str:
    """The model card of a folder, its size and its sampler settings."""
    folder = folder or DEFAULT_MODEL
    content = read_settings(folder)
    sampler = content["settings"].get("sampler", {})
    sampling = ", ".join(f"{key} {value}" for key, value in sampler.items()) or "none"
    size = sum((folder / name).stat().st_size for name in content["files"])
    card = (folder / "README.md").read_text()
    return f"{card}\n{folder}: {size / 1e6:.0f} MB\nsampler: {sampling}"


def score(truth_path: Path, generated_path: Path) -> str:
    """A table of paired metrics of two videos.

    Raises UserError where they differ by more than two frames in length, or are too short.
    """
    settings = FramesConfig()
    truth, generated = (prepare_video(path, settings) for path in (truth_path, generated_path))
    if abs(len(truth) - len(generated)) > 2 or min(len(truth), len(generated)) < 10:
        raise UserError(
            f"{truth_path} has {len(truth)} frames at {settings.rate} Hz and {generated_path} "
            f"{len(generated)}: both must show the same speech, at least 10 frames of it."
        )
    count = min(len(truth), len(generated))
    truth, generated = truth[:count], generated[:count]
    region = dynamic_region([truth])
    instruments = Instruments(region, moving_cells(region))
    scores = frame_scores(truth, generated, instruments)
    movement = kinematics(truth, generated, instruments.cells)
    rows = [
        ("frames compared", f"{count}"),
        ("SSIM, whole frame (1: equal)", f"{scores['ssim', 'frame']:.3f}"),
        ("SSIM, dynamic region", f"{scores['ssim', 'dynamic']:.3f}"),
        ("PSNR, whole frame, dB", f"{scores['psnr', 'frame']:.1f}"),
        (
            "squared error x 1000, dynamic region",
            f"{1000 * scores['squared_error', 'dynamic']:.1f}",
        ),
        ("correlation of regional intensity", f"{movement['position']:.3f}"),
        ("lag of the generated video, frames", f"{movement['lag']:.0f}"),
        ("motion energy, ratio to the truth", f"{motion_ratio(truth, generated, region):.2f}"),
        ("fine spatial power, ratio to the truth", f"{high_frequency_ratio(truth, generated):.2f}"),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
