"""The arguments of ``s2r generate``; `s2r.apps.generate_speech` does the work."""

import argparse
from fractions import Fraction
from pathlib import Path

from s2r.apps.options import (
    add_command,
    add_device,
    add_overwrite,
    add_subject,
    guidance_number,
    height_number,
    seed_number,
    slow_number,
    steps_number,
)

EXAMPLES = """
s2r generate speech.wav                            speech.mp4 in this folder
s2r generate speech.wav -o tract.mp4 --seed 1      another draw of the same speech
s2r generate *.wav -o videos/                      each of them, into a folder that exists
s2r generate speech.wav --slow 4 --gif             four times slower; a GIF as well
s2r generate speech.wav --label --overlay          say in the picture what it is; draw contours
s2r generate speech.wav --reference rest.png       your own speaker: MRI at rest, or a film
s2r generate film.mp4 -o pair.mp4 --side-by-side film.mp4      the true video on the left
"""


def add_generate(commands) -> argparse.ArgumentParser:
    """Add the command; returns its parser."""
    command = add_command(
        commands,
        "generate",
        "generate the video of a recording of speech",
        "Generate the real-time MRI video of the vocal tract for any sound file, of 0.1 s to "
        "hours. The video contains the sound and has the same length. Its metadata say that it is "
        "synthetic, and by which model, seed and version (`ffprobe`).",
        EXAMPLES,
    )
    command.add_argument(
        "speech",
        type=Path,
        nargs="+",
        metavar="SPEECH",
        help="wav, flac, mp3, m4a, ogg, or a video with sound; several give several videos",
    )
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        help="video to write, or a folder for SPEECH.mp4 that exists (default: this folder)",
    )
    command.add_argument(
        "--model",
        metavar="MODEL",
        help="model folder, or owner/name on the Hugging Face hub (default: results/model)",
    )
    add_device(command)
    add_subject(command)
    command.add_argument(
        "--force",
        action="store_true",
        help="accept references that do not look like rtMRI, or like each other",
    )
    _add_sampler(command)
    _add_appearance(command)
    command.add_argument(
        "--save",
        type=Path,
        metavar="FRAMES.h5",
        help="write the frames, lossless, to HDF5 as well; of several files of speech: a folder",
    )
    add_overwrite(command, "replace files of these names, whoever wrote them (never an input)")
    return command


def _add_sampler(command) -> None:
    command.add_argument("--seed", type=seed_number, help="another seed, another draw (default 0)")
    command.add_argument(
        "--preset",
        choices=("fast", "best"),
        help="fast: 2 noise levels; best: 8 (default: as many as for the model's scores)",
    )
    command.add_argument("--steps", type=steps_number, help="noise levels of the sampler")
    command.add_argument(
        "--guidance",
        type=guidance_number,
        help="weight of the speech, 0 to 100; 1 is no guidance",
    )
    command.add_argument(
        "--clean", action="store_true", help="leave out the noise of the scanner (preset s2r)"
    )


def _add_appearance(command) -> None:
    command.add_argument(
        "--size", type=height_number, default=256, help="height in pixels (default 256)"
    )
    command.add_argument(
        "--slow",
        type=lambda text: Fraction(slow_number(text)).limit_denominator(1000),
        default=Fraction(1),
        metavar="TIMES",
        help="play picture and sound 1 to 16 times slower, at the same pitch",
    )
    command.add_argument(
        "--label",
        action="store_true",
        help="write into the picture that it is synthetic, and by which model and seed",
    )
    command.add_argument(
        "--overlay",
        action="store_true",
        help="draw the contours of tongue, lips, jaw, velum, palate, pharynx and larynx that the "
        "contour probe reads off the picture",
    )
    command.add_argument(
        "--probe",
        type=Path,
        metavar="FILE",
        help="draw the contours that this probe reads (default: that of the model, else that of "
        "the workflow, results/instruments/probe.safetensors)",
    )
    command.add_argument(
        "--gif", action="store_true", help="write an animated GIF beside the video, for slides"
    )
    command.add_argument(
        "--side-by-side", type=Path, metavar="TRUTH", help="true video to show on the left"
    )
