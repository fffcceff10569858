"""The arguments of the command ``s2r``; modules of `s2r.apps` do the work.

PyTorch takes seconds to load. So nothing heavy is imported before the arguments are read, and
then a line says what the user is waiting for.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from s2r.apps.adapt_arguments import add_adapt
from s2r.apps.generate_options import add_generate
from s2r.apps.options import add_command, add_device, add_overwrite, add_server
from s2r.apps.share_options import add_models, add_push
from s2r.core.ends import run_command
from s2r.core.origin import program

EXAMPLES = """\
examples:
  s2r generate speech.wav -o tract.mp4            the video, with the sound
  s2r generate talk.mp3 --speaker sub003          another of the model's speakers
  s2r generate *.wav -o videos/ --label           several, into a folder that exists
  s2r generate speech.wav --reference frame.png   your own speaker: MRI at rest, or a film
  s2r generate speech.wav --side-by-side film.mp4 the true video on the left
  s2r adapt results/model --film own.mp4 -o own   a model of one speaker, from own film
  s2r info                                        what a model is, and its speakers
  s2r models                                      the models on this machine
  s2r push results/model owner/name               upload one to the Hugging Face hub
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
    top.add_argument(
        "--version",
        action=_Version,
        nargs=0,
        dest=argparse.SUPPRESS,
        help="show the version and, in a checkout, the commit",
    )
    top.set_defaults(command=lambda _: top.print_help())
    commands = top.add_subparsers(metavar="COMMAND")
    add_generate(commands).set_defaults(command=_generate)
    _add_export(commands)
    add_adapt(commands).set_defaults(command=_adapt)
    _add_info(commands)
    add_models(commands).set_defaults(command=_models)
    add_push(commands).set_defaults(command=_push)
    _add_score(commands)
    _add_studio(commands)
    _add_rate(commands)
    return top


class _Version(argparse.Action):
    """Prints the version; the commit is only looked up when it is asked for."""

    def __call__(self, parser, namespace, values, option_string=None):
        print(program())
        parser.exit()


def _add_export(commands) -> None:
    command = add_command(
        commands,
        "export",
        "write a trained model as a model folder",
        "Write a run or a recurrent regression of the workflow as a folder with everything that "
        "`s2r generate` needs: weights, speech encoder, reference frames, model card.",
        """
        s2r export logmel                                  models/logmel
        s2r export logmel -o talk/model                    another folder
        s2r export logmel --results results/folder --configfile config/folder.yaml
        """,
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
    add_overwrite(command, "replace a model folder although its files were changed")


def _add_info(commands) -> None:
    command = add_command(
        commands,
        "info",
        "describe a model folder",
        "Show what a model was trained on, its subjects, its settings and its checksum.",
        """
        s2r info                                           the best model of the workflow
        s2r info models/logmel
        s2r info owner/name                                one on the Hugging Face hub
        """,
    )
    command.set_defaults(command=_info)
    command.add_argument(
        "model", nargs="?", help="model folder, or owner/name on the hub (default: results/model)"
    )


def _add_score(commands) -> None:
    command = add_command(
        commands,
        "score",
        "compare a generated video with the true one, or with its own sound",
        "Of two videos of the same speech: paired metrics, at 50 frames per second and 64 x 64 "
        "pixels. Of one video: whether it belongs to its sound.",
        """
        s2r score film.mp4 tract.mp4                       first the true video
        s2r score tract.mp4                                does the picture belong to the sound?
        """,
    )
    command.set_defaults(command=_score)
    command.add_argument("video", type=Path, help="the true video, or the only one")
    command.add_argument("generated", type=Path, nargs="?", help="of the same speech")
    command.add_argument(
        "--instrument", type=Path, metavar="FILE", help="what judges one video (docs/metrics.md)"
    )


def _add_studio(commands) -> None:
    command = add_command(
        commands,
        "studio",
        "a page to record speech and watch the video",
        "Serve a page to browsers on this machine: record or choose speech, and watch the video "
        "with its sound and spectrogram.",
        """
        s2r studio                                         with the best model of the workflow
        s2r studio --model models/logmel models/whisper    two models to compare
        """,
    )
    command.set_defaults(command=_studio)
    command.add_argument(
        "--model",
        nargs="+",
        default=[],
        metavar="MODEL",
        help="model folders, or names on the hub, to choose from and compare (default: "
        "results/model)",
    )
    command.add_argument(
        "--probe",
        type=Path,
        metavar="FILE",
        help="contour probe that names the articulators (default: that of the workflow)",
    )
    add_device(command)
    add_server(command, 8643)


def _add_rate(commands) -> None:
    command = add_command(
        commands,
        "rate",
        "serve the page of the rating study",
        "Serve the page on which raters say whether clips are real or synthesised. Every answer is "
        "stored at once; a rater who enters the same code continues. `snakemake results/rating` "
        "makes the folder.",
        """
        s2r rate                                           the clips in results/rating
        s2r rate results/rating --answers answers.sqlite   answers in a file of your choice
        """,
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
        "--texts",
        type=Path,
        help="file of the page's texts, in any language (default: FOLDER/texts.yaml, or English)",
    )
    add_server(command, 8642)


def _loading(what: str) -> None:
    """Say what the next seconds are needed for."""
    print(f"Loading {what} ...", file=sys.stderr, flush=True)


def _generate(options: argparse.Namespace) -> None:
    _loading("the model")
    from s2r.apps.generate_speech import generate

    generate(**{key: value for key, value in vars(options).items() if key != "command"})


def _export(options: argparse.Namespace) -> None:
    _loading("the run")
    from s2r.apps.commands import export

    export(options.name, options.output, options.results, options.configfile, options.overwrite)


def _adapt(options: argparse.Namespace) -> None:
    _loading("the model")
    from s2r.apps.adapt import adapt_folder

    print(adapt_folder(**{key: value for key, value in vars(options).items() if key != "command"}))


def _info(options: argparse.Namespace) -> None:
    from s2r.apps.commands import info

    print(info(options.model))


def _models(options: argparse.Namespace) -> None:
    from s2r.apps.model_list import list_models

    print(list_models())


def _push(options: argparse.Namespace) -> None:
    from s2r.apps.model_list import push

    print(push(options.folder, options.name, options.private, options.message))


def _score(options: argparse.Namespace) -> None:
    _loading("the metrics")
    from s2r.apps.score_speech import score_any

    print(score_any(options.video, options.generated, options.instrument))


def _studio(options: argparse.Namespace) -> None:
    from s2r.apps.studio.server import serve

    serve(options.model, options.host, options.port, options.device, options.proxy, options.probe)


def _rate(options: argparse.Namespace) -> None:
    from s2r.apps.rating.server import serve

    serve(options.folder, options.answers, options.host, options.port, options.proxy, options.texts)


if __name__ == "__main__":
    sys.exit(main())
