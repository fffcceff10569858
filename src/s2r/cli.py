"""The arguments of the command ``s2r``; modules of `s2r.apps` do the work."""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from s2r.core.ends import run_command
from s2r.core.units import LARGEST_SEED

EXAMPLES = """\
examples:
  s2r generate speech.wav -o tract.mp4            the video, with the sound
  s2r generate talk.mp3 --speaker sub003          another of the model's speakers
  s2r generate speech.wav --reference frame.png   your own speaker: MRI at rest, or a film
  s2r generate speech.wav --side-by-side film.mp4 the true video on the left
  s2r info                                        what a model is, and its speakers
  s2r score film.mp4 tract.mp4                    compare a generated video with the true one
  s2r score tract.mp4                             does the video belong to its sound?
  s2r studio                                      a page to record speech and watch the video
  s2r rate results/rating                         the page on which people rate videos

The workflow makes models: `make table1`, or `snakemake --cores 8`, writes the best one to
results/model, a folder that you can copy anywhere. `s2r COMMAND --help` explains each command.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status, see `run_command`."""

    def command() -> None:
        options = parser().parse_args(arguments)
        options.command(options)

    return run_command(command)


def parser() -> argparse.ArgumentParser:
    """The arguments of all commands."""
    top = argparse.ArgumentParser(
        prog="s2r",
        description="Generate real-time MRI video of the vocal tract from speech.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _add_generate(commands)
    _add_export(commands)
    _add_info(commands)
    _add_score(commands)
    _add_studio(commands)
    _add_rate(commands)
    return top


def _add_generate(commands) -> None:
    command = commands.add_parser(
        "generate",
        help="generate the video of a recording of speech",
        description="Generate the real-time MRI video of the vocal tract for any sound file, of "
        "0.1 s to hours. The video contains the sound and has the same length.",
    )
    command.set_defaults(command=_generate)
    command.add_argument(
        "speech", type=Path, help="wav, flac, mp3, m4a, ogg, or a video with sound"
    )
    command.add_argument(
        "-o", "--output", type=Path, help="video to write (default: SPEECH.mp4 here)"
    )
    _add_model(command)
    subject = command.add_mutually_exclusive_group()
    subject.add_argument(
        "--speaker", help="a subject of the model (see `s2r info`; default: the first)"
    )
    subject.add_argument(
        "--reference",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="another subject, midsagittal rtMRI: a still picture at rest or a short film, with or "
        "without sound; may be given several times for pictures of the same speaker",
    )
    command.add_argument(
        "--force",
        action="store_true",
        help="accept references that do not look like rtMRI, or like each other",
    )
    command.add_argument("--seed", type=_seed, help="another seed, another draw (default 0)")
    command.add_argument(
        "--preset",
        choices=("fast", "best"),
        help="fast: 2 noise levels; best: 8 (default: as many as for the model's scores)",
    )
    command.add_argument("--steps", type=_steps, help="noise levels of the sampler")
    command.add_argument(
        "--guidance", type=_guidance, help="weight of the speech, 0 to 100; 1 is no guidance"
    )
    command.add_argument(
        "--clean", action="store_true", help="leave out the noise of the scanner (preset s2r)"
    )
    command.add_argument("--size", type=_height, default=256, help="height in pixels (default 256)")
    command.add_argument(
        "--side-by-side", type=Path, metavar="TRUTH", help="true video to show on the left"
    )
    command.add_argument(
        "--save", type=Path, metavar="FRAMES.h5", help="write the frames, lossless, to HDF5 as well"
    )
    _add_overwrite(command, "replace files of these names, whoever wrote them (never an input)")


def _add_export(commands) -> None:
    command = commands.add_parser(
        "export",
        help="write a trained model as a model folder",
        description="Write a run or a recurrent regression of the workflow as a folder with "
        "everything that `s2r generate` needs: weights, speech encoder, reference frames, model "
        "card.",
    )
    command.set_defaults(command=_export)
    command.add_argument(
        "name", help="a run of the configuration, or recurrent-ENCODER for a recurrent regression"
    )
    command.add_argument("-o", "--output", type=Path, help="folder (default: models/RUN)")
    command.add_argument("--results", type=Path, default=Path("results"), help="results folder")
    command.add_argument(
        "--configfile",
        type=Path,
        nargs="*",
        default=[],
        help="configuration files given to snakemake beside config/config.yaml",
    )
    _add_overwrite(command, "replace a model folder although its files were changed")


def _add_info(commands) -> None:
    command = commands.add_parser("info", help="describe a model folder")
    command.set_defaults(command=_info)
    command.add_argument(
        "model", type=Path, nargs="?", help="model folder (default: results/model)"
    )


def _add_score(commands) -> None:
    command = commands.add_parser(
        "score",
        help="compare a generated video with the true one, or with its own sound",
        description="Of two videos of the same speech: paired metrics, at 50 frames per second and "
        "64 x 64 pixels. Of one video: whether it belongs to its sound.",
    )
    command.set_defaults(command=_score)
    command.add_argument("video", type=Path, help="the true video, or the only one")
    command.add_argument("generated", type=Path, nargs="?", help="of the same speech")
    command.add_argument(
        "--instrument", type=Path, metavar="FILE", help="what judges one video (docs/metrics.md)"
    )


def _add_studio(commands) -> None:
    command = commands.add_parser(
        "studio",
        help="a page to record speech and watch the video",
        description="Serve a page to browsers on this machine: record or choose speech, and watch "
        "the video with its sound and spectrogram.",
    )
    command.set_defaults(command=_studio)
    command.add_argument(
        "--model",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="model folders to choose from and compare (default: results/model)",
    )
    _add_device(command)
    command.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    command.add_argument(
        "--port", type=_port, default=8643, help="port (default 8643; 0 takes a free one)"
    )
    _add_proxy(command)


def _add_rate(commands) -> None:
    command = commands.add_parser(
        "rate",
        help="serve the page of the rating study",
        description="Serve the page on which raters say whether clips are real or synthesised. "
        "Every answer is stored at once; a rater who enters the same code continues. "
        "`snakemake results/rating` makes the folder.",
    )
    command.set_defaults(command=_rate)
    command.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=Path("results/rating"),
        help="folder of the clips (default: results/rating)",
    )
    command.add_argument(
        "--answers", type=Path, help="file of the answers (default: FOLDER_answers.sqlite)"
    )
    command.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    command.add_argument(
        "--port", type=_port, default=8642, help="port (default 8642; 0 takes a free one)"
    )
    _add_proxy(command)


def _add_model(command) -> None:
    command.add_argument("--model", type=Path, help="model folder (default: results/model)")
    _add_device(command)


def _add_device(command) -> None:
    command.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="where networks run"
    )


def _add_proxy(command) -> None:
    command.add_argument(
        "--proxy",
        metavar="ADDRESS",
        help="https://NAME of a proxy on this machine that shows the page to others",
    )


def _add_overwrite(command, text: str) -> None:
    command.add_argument("--overwrite", action="store_true", help=text)


def _number(text: str, kind: Callable[[str], float], low: float, high: float) -> float:
    """The option ``text``; argparse makes a sentence of the error."""
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not low <= value <= high:  # not a number is in no range
        what = "a whole number" if kind is int else "a number"
        raise argparse.ArgumentTypeError(f"{text!r} is not {what} from {low} to {high}")
    return value


_seed = partial(_number, kind=int, low=0, high=LARGEST_SEED)
_steps = partial(_number, kind=int, low=1, high=1000)
_guidance = partial(_number, kind=float, low=0, high=100)
_height = partial(_number, kind=int, low=16, high=4096)
_port = partial(_number, kind=int, low=0, high=65535)


def _generate(options: argparse.Namespace) -> None:
    from s2r.apps.commands import generate

    generate(**{key: value for key, value in vars(options).items() if key != "command"})


def _export(options: argparse.Namespace) -> None:
    from s2r.apps.commands import export

    export(options.name, options.output, options.results, options.configfile, options.overwrite)


def _info(options: argparse.Namespace) -> None:
    from s2r.apps.commands import info

    print(info(options.model))


def _score(options: argparse.Namespace) -> None:
    from s2r.apps.score_speech import score_any

    print(score_any(options.video, options.generated, options.instrument))


def _studio(options: argparse.Namespace) -> None:
    from s2r.apps.studio.server import serve

    serve(options.model, options.host, options.port, options.device, options.proxy)


def _rate(options: argparse.Namespace) -> None:
    from s2r.apps.rating.server import serve

    serve(options.folder, options.answers, options.host, options.port, options.proxy)


if __name__ == "__main__":
    sys.exit(main())
