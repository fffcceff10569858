"""How fast a recording is prepared: one pass, against one ffmpeg process and one GIF a clip.

    python benchmarks/prepare.py [FILE ...]

Three ways to bring a recording onto the clock, one after the other, several times:

* ``s2r``: `s2r.preparation.frames.prepare_recording`, from the file to frames (T, 64, 64) uint8
  at 50 Hz and sound at 16 kHz;
* ``gif``: as in the released code of Nguyen et al. 2025, for every 200 ms one ffmpeg process that
  writes a GIF of 64 pixels at 50 Hz with a palette of its own, then the GIFs read back. Its sound
  is not counted;
* ``plain decode``: all frames decoded to grey by PyAV, and nothing else.

Without a file the recording is one of the phantom, 30 s at 83.28 Hz. Processor time counts child
processes too, and says more than wall time on a machine that is busy. Numerical libraries get one
thread, as in a job of the workflow.
"""

import argparse
import math
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from PIL import Image, ImageSequence

from s2r.core.errors import UserError
from s2r.core.job import THREAD_VARIABLES
from s2r.core.media.decode import probe
from s2r.core.progress import progress
from s2r.corpus.phantom.stimuli import Profile
from s2r.corpus.phantom.writer import write_recording
from s2r.preparation.frames import FramesConfig, prepare_recording

CLIP_SECONDS = 0.2
FILTER = (
    "fps=50,scale=64:-1:flags=lanczos,split[pictures][colours];"
    "[colours]palettegen[palette];[pictures][palette]paletteuse"
)


def write_phantom(folder: str | Path, seconds: float = 30.0) -> Path:
    """Write one recording of the phantom below ``folder`` and return its video, 83.28 Hz."""
    length = Profile(1, (("rainbow", 1),), seconds, seconds)
    write_recording(folder, 1, "rainbow", 1, length, 1)
    return next(Path(folder).rglob("*_video.mp4"))


def clip_starts(seconds: float) -> list[float]:
    """Starts of the released clips in s: every 0.2 s, without the last one to two seconds."""
    return [round(k * CLIP_SECONDS, 1) for k in range(math.ceil((int(seconds) - 1) / CLIP_SECONDS))]


def gif_clips(video: Path, starts: list[float], folder: Path) -> np.ndarray:
    """One ffmpeg process and one GIF a clip, read back: (n, 10, 64, 64) uint8."""
    clips = []
    for start in starts:
        gif = folder / f"{start:.1f}.gif"
        command = ["ffmpeg", "-v", "error", "-y", "-ss", f"{start:.1f}", "-t", str(CLIP_SECONDS)]
        subprocess.run([*command, "-i", str(video), "-vf", FILTER, str(gif)], check=True)
        with Image.open(gif) as pictures:
            clips.append([np.array(one.convert("L")) for one in ImageSequence.Iterator(pictures)])
    return np.array([clip[:10] for clip in clips])


def plain_decode(video: Path) -> int:
    """Decode all frames to grey on one thread and drop them; returns their number."""
    with av.open(str(video)) as container:
        stream, count = container.streams.video[0], 0
        stream.codec_context.thread_count = 1
        converter = VideoReformatter()
        for count, frame in enumerate(container.decode(stream), start=1):  # noqa: B007
            converter.reformat(frame, format="gray", threads=1)
    return count


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall time and processor time of ``work`` in s, its child processes included."""
    begun, used = time.perf_counter(), _processor_seconds()
    work()
    return time.perf_counter() - begun, _processor_seconds() - used


def compare(video: Path, repetitions: int) -> dict[str, tuple[float, float]]:
    """Median wall and processor time in s of each way, run in turns; the GIFs less often."""
    row = {"video": str(video), "audio": str(video)}
    starts = clip_starts(probe(video).video_seconds)
    plain_decode(video)
    prepare_recording(row, FramesConfig())  # what is loaded on first use is not counted
    times: dict[str, list[tuple[float, float]]] = {"gif": [], "s2r": [], "plain decode": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in progress(range(repetitions), video.name):
            times["gif"].append(timed(lambda: gif_clips(video, starts, Path(folder))))
            for _ in range(5):
                times["s2r"].append(timed(lambda: prepare_recording(row, FramesConfig())))
                times["plain decode"].append(timed(lambda: plain_decode(video)))
    return {
        way: tuple(statistics.median(one) for one in zip(*all_times, strict=True))
        for way, all_times in times.items()
    }


def report(video: Path, repetitions: int) -> str:
    """What was measured, as text."""
    found = probe(video)
    medians = compare(video, repetitions)
    lines = [
        f"{video.name}: {found.video_seconds:.1f} s, {found.frames} frames of "
        f"{found.width} x {found.height} at {float(found.frame_rate):.2f} Hz, "
        f"{len(clip_starts(found.video_seconds))} clips",
        f"{'':14}{'wall s':>9}{'CPU s':>9}   (medians of {repetitions} runs of gif, "
        f"{5 * repetitions} of the others)",
    ]
    lines += [f"{way:14}{wall:9.3f}{cpu:9.3f}" for way, (wall, cpu) in medians.items()]
    for kind, place in (("wall", 0), ("processor", 1)):
        gif, ours, plain = (medians[way][place] for way in ("gif", "s2r", "plain decode"))
        lines.append(
            f"by {kind} time: {gif / ours:.0f} times as fast as gif, "
            f"{plain / ours:.0%} of the speed of plain decoding"
        )
    return "\n".join(lines)


def _processor_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, help="videos; none for one of the phantom")
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    if shutil.which("ffmpeg") is None:
        raise SystemExit("The program ffmpeg is not on the PATH: apt install ffmpeg, or conda's.")
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    try:
        with tempfile.TemporaryDirectory() as folder:
            for video in arguments.files or [write_phantom(folder)]:
                print(report(video, arguments.repetitions))
    except UserError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    one_thread = dict.fromkeys(THREAD_VARIABLES, "1")
    if not one_thread.items() <= os.environ.items():  # libraries have read them by now: again
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | one_thread)
    main()
