"""Make the voices of the phantom again, with the program flite: ``src/s2r/corpus/phantom/voices/``.

    python benchmarks/phantom_voices.py voices

speaks the sentences that stand in ``sentences.json`` and writes ``awb.ogg``, ``kal16.ogg`` (Opus)
and ``sentences.json``, with the times of all phones, into the folder.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from scipy.io import wavfile
from voices import speak

from s2r.core.units import SAMPLE_RATE
from s2r.corpus.phantom.voiced import FOLDER, VOICES

BIT_RATE = 32_000


def spoken(texts: list[str], voice: str) -> tuple[np.ndarray, list[dict]]:
    """All sentences by one voice, one after another: (N,) int16 at 16 kHz, and what is where."""
    sounds, rows, start = [], [], 0
    with TemporaryDirectory() as folder:
        for text in texts:
            path = Path(folder) / "sentence.wav"
            phones = " ".join(speak(text, voice, path).split())
            sounds.append(wavfile.read(path)[1])
            stop = start + len(sounds[-1])
            rows.append({"text": text, "start": start, "stop": stop, "phones": phones})
            start = stop
    return np.concatenate(sounds), rows


def write_opus(path: Path, samples: np.ndarray) -> None:
    """Write sound (N,) int16 at 16 kHz."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = BIT_RATE
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.rate, frame.pts = SAMPLE_RATE, 0
        for piece in (frame, None):
            container.mux(stream.encode(piece))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    if shutil.which("flite") is None:
        sys.exit("The program flite is not installed: apt-get install flite")
    folder.mkdir(parents=True, exist_ok=True)
    known = json.loads((FOLDER / "sentences.json").read_text())
    content = {}
    for voice in VOICES:
        samples, content[voice] = spoken([row["text"] for row in known[voice]], voice)
        write_opus(folder / f"{voice}.ogg", samples)
    voices = [
        f"{json.dumps(voice)}: [\n" + ",\n".join(map(json.dumps, rows)) + "\n]"
        for voice, rows in content.items()
    ]
    (folder / "sentences.json").write_text("{\n" + ",\n".join(voices) + "\n}\n")


if __name__ == "__main__":
    main()
