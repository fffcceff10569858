"""Speech with exact times of its phones, from two voices of the program flite.

    python benchmarks/voices.py speech/people
    python benchmarks/voices.py data/voices --training

speaks the 20 sentences of lists 1 and 2 of the Harvard sentences (IEEE 1969, public domain) and
writes each as WAV with a TextGrid beside it, a folder for each voice: for ``speech.path``. With
``--training`` two other voices say other sentences (``training_sentences.txt``, written for this
project): for ``corpus.phantom.voices``.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

VOICES = ("awb", "kal16", "rms", "slt")
"""All but kal16, which joins diphones, were built from recordings of a speaker (CMU ARCTIC)."""

TRAINING_VOICES = ("awb", "kal16")
"""To train on: a model that has heard them is not judged by them."""

SENTENCES = (
    "The birch canoe slid on the smooth planks.",
    "Glue the sheet to the dark blue background.",
    "It's easy to tell the depth of a well.",
    "These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls.",
    "The juice of lemons makes fine punch.",
    "The box was thrown beside the parked truck.",
    "The hogs were fed chopped corn and garbage.",
    "Four hours of steady work faced us.",
    "A large size in stockings is hard to sell.",
    "The boy was there when the sun rose.",
    "A rod is used to catch pink salmon.",
    "The source of the huge river is the clear spring.",
    "Kick the ball straight and follow through.",
    "Help the woman get back to her feet.",
    "A pot of tea helps to pass the evening.",
    "Smoky fires lack flame and heat.",
    "The soft cushion broke the man's fall.",
    "The salt breeze came across from the sea.",
    "The girl at the booth sold fifty bonds.",
)


def speak(sentence: str, voice: str, path: Path) -> str:
    """Write the sound of a sentence; returns its phones as flite prints them, ``label:end``."""
    command = ["flite", "-voice", voice, "-psdur", "-t", sentence, "-o", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def textgrid(phones: str) -> str:
    """A TextGrid in Praat's short format, from the phones and their ends in s."""
    rows, start = [], 0.0
    for token in phones.split():
        label, _, end = token.rpartition(":")
        rows += [f"{start:.3f}", end, f'"{label}"']
        start = float(end)
    head = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", f"{start:.3f}"]
    tier = ["<exists>", "1", '"IntervalTier"', '"phones"', "0", f"{start:.3f}"]
    return "\n".join([*head, *tier, str(len(rows) // 3), *rows]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--training", action="store_true")
    arguments = parser.parse_args()
    folder, voices, sentences = arguments.folder, VOICES, SENTENCES
    if arguments.training:
        voices = TRAINING_VOICES
        texts = Path(__file__).with_name("training_sentences.txt").read_text()
        sentences = tuple(texts.splitlines())
    if shutil.which("flite") is None:
        sys.exit("The program flite is not installed: apt-get install flite")
    for voice in voices:
        (folder / voice).mkdir(parents=True, exist_ok=True)
        for number, sentence in enumerate(sentences):
            path = folder / voice / f"sentence{number:02d}.wav"
            path.with_suffix(".TextGrid").write_text(textgrid(speak(sentence, voice, path)))


if __name__ == "__main__":
    main()
