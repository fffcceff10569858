"""Speech with the times of its phones, from synthesisers.

    python benchmarks/voices.py speech/people
    python benchmarks/voices.py data/voices --training

speaks the 20 sentences of lists 1 and 2 of the Harvard sentences (IEEE 1969, public domain) with
four voices of the program flite, and writes each as WAV with a TextGrid beside it, a folder for
each voice: for ``speech.path``. With ``--training`` other sentences (``training_sentences.txt``,
written for this project) are said for ``corpus.phantom.voices``, by as many of four voices as there
are programs for: two of flite, one of festival (Debian: flite, festival, festvox-kdlpc16k), which
say when each phone ends, and one of the Python package hibari-tts, whose phones are aligned.
"""

import argparse
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from s2r.core.errors import UserError
from s2r.core.media.decode import read_audio
from s2r.core.media.resample import resample
from s2r.core.phonetics import Segment
from s2r.core.progress import progress
from s2r.core.units import SAMPLE_RATE
from s2r.evaluation.real_speech.speech import words_of
from s2r.evaluation.words.alignment import Aligner
from s2r.speech.level import levelled

VOICES = ("awb", "kal16", "rms", "slt")
"""Of flite. All but kal16, which joins diphones, were built from recordings of a speaker (CMU
ARCTIC)."""

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


def flite(sentence: str, voice: str, path: Path) -> str:
    """Write the sound of a sentence; returns its phones as flite prints them, ``label:end``."""
    command = ["flite", "-voice", voice, "-psdur", "-t", sentence, "-o", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def festival(sentence: str, voice: str, path: Path) -> str:
    """The same with festival's diphones of a man (``voice`` is ked)."""
    with TemporaryDirectory() as folder:
        segments, script = Path(folder) / "segments", Path(folder) / "script.scm"
        script.write_text(
            f'(voice_{voice}_diphone) (set! said (Utterance Text "{sentence}")) (utt.synth said) '
            f'(utt.save.segs said "{segments}") '
            f'(utt.save.wave said "{path.resolve()}" (quote riff))'
        )
        subprocess.run(["festival", "-b", str(script)], capture_output=True, text=True, check=True)
        rows = [line.split() for line in segments.read_text().splitlines()[1:]]
    return " ".join(f"{label}:{end}" for end, _, label in rows)


def hibari(sentence: str, voice: str, path: Path) -> str:
    """The same with the neural voice of hibari-tts, of a woman; the phones are aligned.

    Raises UserError for a sentence with a word that the aligner does not know.
    """
    synthesiser, aligner = _neural(voice)
    synthesiser.save(sentence, str(path), seed=0)
    sound = levelled(resample(*read_audio(path), SAMPLE_RATE))
    found = [phone for item in aligner.align(sound, words_of(sentence)) for phone in item.phones]
    return " ".join(_with_gaps(found))


@cache
def _neural(voice: str) -> tuple:
    from hibari import Hibari  # of the part `people`

    return Hibari(voice=voice), Aligner()


def _with_gaps(phones: list[Segment]) -> Iterator[str]:
    end = 0.0
    for phone in phones:
        if phone.start > end:
            yield f"pau:{phone.start:.3f}"
        yield f"{phone.label}:{phone.end:.3f}"
        end = phone.end


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


TRAINING = {
    "awb": (flite, lambda: shutil.which("flite")),
    "kal16": (flite, lambda: shutil.which("flite")),
    "ked": (festival, lambda: shutil.which("festival")),
    "heart": (hibari, lambda: _installed("hibari") and _installed("soundswallower")),
}
"""Voices to train on, and whether their program is there. A model that has heard them is not judged
by them."""


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
    voices, sentences = {voice: TRAINING["awb"] for voice in VOICES}, SENTENCES
    if arguments.training:
        voices = TRAINING
        texts = Path(__file__).with_name("training_sentences.txt").read_text()
        sentences = tuple(texts.splitlines())
    there = [voice for voice, (_, installed) in voices.items() if installed()]
    missing = [voice for voice in voices if voice not in there]
    if missing:
        print(
            f"Left out for want of a program: {', '.join(missing)} (apt-get install flite festival "
            "festvox-kdlpc16k; pip install -c constraints.txt -e .[people]).",
            file=sys.stderr,
        )
    if not there:
        sys.exit("No voice is left.")
    for voice in there:
        (arguments.folder / voice).mkdir(parents=True, exist_ok=True)
        for number, sentence in enumerate(progress(sentences, voice)):
            path = arguments.folder / voice / f"sentence{number:02d}.wav"
            try:
                phones = voices[voice][0](sentence, voice, path)
            except UserError as error:
                path.unlink()
                print(f"Left out: {path}: {error}", file=sys.stderr)
                continue
            path.with_suffix(".TextGrid").write_text(textgrid(phones))


if __name__ == "__main__":
    main()
