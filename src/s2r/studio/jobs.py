"""Videos made for the studio's page, one after the other, in a folder that goes with the server."""

import queue
import re
import secrets
import shutil
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from s2r.clock import SAMPLE_RATE
from s2r.commands import PRESET_STEPS, reference_frame, sampler_of
from s2r.errors import UserError
from s2r.media import open_audio
from s2r.model_folder import SpeechModel
from s2r.silence import silent_bins
from s2r.speech_to_video import generate_file, to_clock
from s2r.studio.sound_picture import sound_picture

LONGEST = 60.0
"""Seconds of speech that the page takes."""

SIZES = (128, 256, 512)
"""Heights of the video to choose from, in pixels."""

WAITING = 20
"""Videos that may wait for their turn."""

KEPT = 20
"""Finished videos that can still be watched, and files that no video was asked of yet."""

SPARE = 1_000_000_000
"""Bytes of the disk that uploads leave free."""


@dataclass(frozen=True)
class Wish:
    """What a page asks for."""

    sound: Path
    models: tuple[str, ...]
    """One model, or two to be shown side by side."""
    speaker: str | None
    """A subject of the models; None where there is a picture."""
    reference: Path | None
    force: bool
    preset: str | None
    seed: int
    size: int


@dataclass
class Job:
    """A wish on its way."""

    wish: Wish
    folder: Path
    state: str = "waiting"
    """waiting, running, done or failed"""
    made: int = 0
    frames: int = 1
    """Frames made so far, and to be made, by all models together."""
    seconds: float = 0.0
    """Length of the sound."""
    message: str = ""
    """Why it failed."""
    files: tuple[str, ...] = ()


class Studio:
    """Models, uploaded files and jobs; one thread makes the videos in turn."""

    def __init__(self, models: Mapping[str, SpeechModel], folder: Path):
        """``folder`` takes everything that is uploaded and made; nothing else is written."""
        self.models, self.folder = models, folder
        self.uploads: dict[str, Path] = {}
        self.jobs: dict[str, Job] = {}
        self._queue: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._lock = threading.Lock()
        threading.Thread(target=self._work, daemon=True).start()

    def upload_path(self, name: str, size: int) -> tuple[str, Path]:
        """A key and a new path for a file of ``size`` bytes that a page calls ``name``.

        Of files that were never used the oldest goes. Raises UserError where the disk is full.
        """
        with self._lock:
            waiting = [key for key, path in self.uploads.items() if path not in self._used()]
            for key in waiting[: max(0, len(waiting) - KEPT + 1)]:
                self.drop_upload(key)
            if shutil.disk_usage(self.folder).free < size + SPARE:
                raise UserError(f"There is no room for {name} on the studio's disk.")
            key = secrets.token_hex(8)
            safe = re.sub(r"[^\w. -]", "_", name)[-80:].lstrip(". ") or "file"
            path = self.folder / key / safe
            path.parent.mkdir()
            self.uploads[key] = path
        return key, path

    def drop_upload(self, key: str) -> None:
        """Remove an uploaded file, unless it is gone already."""
        if path := self.uploads.pop(key, None):
            shutil.rmtree(path.parent, ignore_errors=True)

    def submit(self, content: Mapping) -> str:
        """Queue what a page asks for; returns the job's key. Raises UserError."""
        wish = self._wish(content)
        with self._lock:
            if sum(job.state == "waiting" for job in self.jobs.values()) >= WAITING:
                raise UserError("Too many videos are waiting: try again in a minute.")
            ended = [key for key, job in self.jobs.items() if job.state in ("done", "failed")]
            for key in ended[: max(0, len(ended) - KEPT + 1)]:
                self._forget(self.jobs.pop(key))
            key = secrets.token_hex(8)
            self.jobs[key] = Job(wish, self.folder / key)
        self._queue.put(self.jobs[key])
        return key

    def status(self, key: str) -> dict | None:
        """What a page is told of a job; None for one that is not known."""
        with self._lock:
            if key not in self.jobs:
                return None
            job = self.jobs[key]
            before = list(self.jobs)[: list(self.jobs).index(key)]
            ahead = sum(self.jobs[one].state in ("waiting", "running") for one in before)
        return {
            "state": job.state,
            "ahead": ahead,
            "share": min(job.made / job.frames, 1.0),
            "seconds": job.seconds,
            "message": job.message,
            "files": job.files,
            "models": job.wish.models,
        }

    def _wish(self, content: Mapping) -> Wish:
        """Check what came from a page; what a page of ours never sends gets one plain sentence."""
        models = content.get("models")
        sound, reference = content.get("sound"), content.get("reference")
        seed, size = content.get("seed"), content.get("size")
        sensible = (
            isinstance(models, list)
            and len(models) in (1, 2)
            and all(isinstance(name, str) and name in self.models for name in models)
            and isinstance(sound, str)
            and sound in self.uploads
            and (reference is None or (isinstance(reference, str) and reference in self.uploads))
            and isinstance(content.get("speaker"), str | None)
            and content.get("preset") in (None, *PRESET_STEPS)
            and size in SIZES
        )
        if not sensible:
            raise UserError("The studio does not understand this request: load the page again.")
        if type(seed) is not int or not 0 <= seed < 2**31:
            raise UserError("The seed must be a whole number from 0 to 2147483647.")
        return Wish(
            sound=self.uploads[sound],
            models=tuple(models),
            speaker=content.get("speaker"),
            reference=self.uploads[reference] if reference else None,
            force=content.get("force") is True,
            preset=content.get("preset"),
            seed=seed,
            size=size,
        )

    def _forget(self, job: Job) -> None:
        """Remove a job's files, and the uploads that no other job uses."""
        for key, path in list(self.uploads.items()):
            if path in (job.wish.sound, job.wish.reference) and path not in self._used():
                self.drop_upload(key)
        shutil.rmtree(job.folder, ignore_errors=True)

    def _used(self) -> set[Path | None]:
        """Files that a job needs."""
        return {path for one in self.jobs.values() for path in (one.wish.sound, one.wish.reference)}

    def _work(self) -> None:
        while True:
            job = self._queue.get()
            job.state = "running"
            try:
                job.files = make(job, self.models)
                job.state = "done"
            except UserError as fault:
                # Pages know their files by name, not by where they lie.
                job.message = str(fault).replace(f"{job.wish.sound.parent}/", "")
                if job.wish.reference:
                    job.message = job.message.replace(f"{job.wish.reference.parent}/", "")
                job.state = "failed"
            except Exception as fault:  # the next job must find this thread alive
                traceback.print_exc()
                job.message = f"The video could not be made ({fault}); the terminal says more."
                job.state = "failed"


def make(job: Job, models: Mapping[str, SpeechModel]) -> tuple[str, ...]:
    """Make the files of a job in its folder; returns their names.

    ``video.mp4`` (two models side by side), ``frames_1.h5`` (and ``frames_2.h5``), ``sound.png``
    and, of two models, ``video_1.mp4`` of the first alone.

    Raises UserError for speech that is none, silent, shorter than 0.1 s or longer than 60 s, and
    for a reference that does not look like one.
    """
    wish = job.wish
    chosen = [models[name] for name in wish.models]
    rests = [reference_frame(one, wish.speaker, wish.reference, wish.force) for one in chosen]
    samples = read_speech(wish.sound)
    job.seconds = len(samples) / SAMPLE_RATE
    job.frames = max(1, sum(int(job.seconds * one.frame_rate) for one in chosen))

    def advanced(frames: int) -> None:
        job.made += frames

    truth = None
    for number, (loaded, rest) in enumerate(zip(chosen, rests, strict=True), 1):
        name = "video.mp4" if number == len(chosen) else f"video_{number}.mp4"
        frames_path = job.folder / f"frames_{number}.h5"
        generate_file(
            wish.sound,
            job.folder / name,
            loaded,
            rest,
            sampler=sampler_of(loaded.sampler, wish.preset, None, None),
            seed=wish.seed,
            size=wish.size,
            truth=truth,
            frames_path=frames_path,
            advanced=advanced,
        )
        with h5py.File(frames_path) as file:
            truth = file["frames"][()]
    Image.fromarray(sound_picture(samples)).save(job.folder / "sound.png")
    return tuple(sorted(path.name for path in job.folder.iterdir()))


def read_speech(path: Path) -> np.ndarray:
    """The sound (N,) at 16 kHz; UserError where it is longer than 60 s, or silent throughout."""
    pieces, count = [], 0
    with open_audio(path) as sound:
        for piece in to_clock(sound.blocks, sound.rate):
            pieces.append(piece)
            count += len(piece)
            if count > LONGEST * SAMPLE_RATE:
                raise UserError(
                    f"{path} is longer than {LONGEST:.0f} s: cut it, or use the command "
                    "`s2r generate`, which takes any length."
                )
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    silent = silent_bins(samples)
    if len(silent) and silent.all():
        raise UserError(f"{path} is silent: check the microphone, or choose another file.")
    return samples
