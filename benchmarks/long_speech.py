"""Long speech: does the error grow with time, and does memory?

    python benchmarks/long_speech.py [--model results/model] [--speakers 8] [--minutes 60]

The model folder of the default generates a minute of free speech by speakers of the phantom that
it has never met, and each frame is compared with the true one. Printed is the error of every five
seconds, and that of the last five less that of the first five, with its 95 % interval over
speakers. Then processes of their own turn one minute and ``--minutes`` of sound into an mp4: the
largest memory of each.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from scipy.io import wavfile

from s2r.core.progress import progress
from s2r.core.units import FRAME_RATE, SAMPLE_RATE
from s2r.corpus.phantom.stimuli import PROFILES, Profile
from s2r.corpus.phantom.writer import write_recording
from s2r.evaluation.metrics.paired import squared_error
from s2r.evaluation.metrics.statistics import bootstrap_interval
from s2r.generation.model_folder import SpeechModel, load_model_folder
from s2r.generation.speech_file import generate_file
from s2r.preparation.frames import FramesConfig, prepare_recording
from s2r.preparation.region import dynamic_region
from s2r.preparation.resting import resting_frame

MINUTE = Profile(1, (("topic1", None),), 63.0, 63.0)
"""Recordings a little longer than the minute that is compared."""

PART = 5 * FRAME_RATE
"""Frames that share an error."""

MEMORY = """
import resource, sys
from s2r.cli import main
main(["generate", sys.argv[1], "-o", sys.argv[2], "--model", sys.argv[3]])
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def recorded(folder: Path, speaker: int) -> tuple[Path, dict]:
    """A minute of a speaker of the phantom: the film, and its frames and sound, prepared."""
    write_recording(folder, speaker, "topic1", 1, MINUTE)
    film = next((folder / f"sub{speaker:03d}").rglob("*_video.mp4"))
    row = {"recording": film.stem, "video": str(film), "audio": str(film)}
    return film, prepare_recording(row, FramesConfig())


def errors(folder: Path, model: SpeechModel, speakers: int) -> np.ndarray:
    """Squared error in the dynamic region x 1000 of every five seconds, (speakers, 12)."""
    first = PROFILES["default"].speakers + 1
    made = []
    for speaker in progress(range(first, first + speakers), "speakers"):
        film, prepared = recorded(folder, speaker)
        truth, frames = prepared["frames"], folder / "frames.h5"
        reference = resting_frame(truth[: 10 * FRAME_RATE], prepared["audio"])
        generate_file(film, folder / "made.mp4", model, reference, frames_path=frames)
        with h5py.File(frames) as file:
            generated = file["frames"][:]
        minute = 12 * PART
        error = squared_error(truth[:minute], generated[:minute], dynamic_region([truth]))
        made.append(1000 * error.reshape(12, PART).mean(1))
    return np.array(made)


def peak_memory(folder: Path, model: Path, minutes: int, speech: np.ndarray) -> int:
    """Largest memory in MB of ``s2r generate`` with so many minutes of (repeated) speech."""
    samples = np.resize(speech, minutes * 60 * SAMPLE_RATE)
    wavfile.write(folder / "long.wav", SAMPLE_RATE, (32767 * samples).astype(np.int16))
    command = [sys.executable, "-c", MEMORY, folder / "long.wav", folder / "long.mp4", model]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout.split("peak ")[1])


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("results/model"))
    parser.add_argument("--speakers", type=int, default=8)
    parser.add_argument("--minutes", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = errors(folder, load_model_folder(options.model), options.speakers)
        for part, error in enumerate(made.mean(0)):
            print(f"{5 * part:3d} - {5 * part + 5:2d} s   error x 1000: {error:.1f}")
        grown = bootstrap_interval(dict(enumerate(made[:, -1] - made[:, 0])))
        print(f"last less first: {grown.value:+.1f} [{grown.low:+.1f}, {grown.high:+.1f}]")
        speech = recorded(folder, PROFILES["default"].speakers + 1)[1]["audio"]
        for minutes in (1, options.minutes):
            print(f"{minutes:3d} min   {peak_memory(folder, options.model, minutes, speech)} MB")


if __name__ == "__main__":
    main()
