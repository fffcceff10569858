"""A phantom corpus on disk, in the layout of the USC 75-speaker data set."""

import multiprocessing
import os
import re
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.core.files import atomic_path, write_json
from s2r.core.media.encode import write_video, write_wav
from s2r.core.processes import end_with
from s2r.core.progress import progress
from s2r.corpus import usc75
from s2r.corpus.phantom import GENERATOR, OTHER_VOICE
from s2r.corpus.phantom.acoustics import SAMPLE_RATE, add_scanner_noise, synthesise
from s2r.corpus.phantom.gaps import Place, draw_gaps
from s2r.corpus.phantom.outlines import articulator_contours
from s2r.corpus.phantom.picture import PIXEL_MM, draw, to_pixels
from s2r.corpus.phantom.speakers import Speaker, draw_speaker
from s2r.corpus.phantom.stimuli import PROFILES, STIMULI, Profile
from s2r.corpus.phantom.tract import (
    SHAPE_PARAMETERS,
    TRACT_VARIABLES,
    Contours,
    contours,
    tract_variables,
)
from s2r.corpus.phantom.utterance import Utterance, plan_speech, recording_rng
from s2r.corpus.phantom.voiced import (
    RECORDINGS,
    find_voices,
    plan_voiced,
    read_spoken,
    recording_of,
    speed_of,
    voiced_wave,
)
from s2r.corpus.truth import Truth, write_truth

FRAME_PERIOD = 1 / usc75.FRAME_RATE
"""s, as in the real corpus: two spiral arms."""

WRITTEN = re.compile(
    r"phantom\.json(\.damaged)?|\.sha256/phantom\.json|"
    r"sub\d{3}/2drt/(video|audio|truth)/(?P<stem>sub\d{3}_2drt_.+)_(video\.mp4|audio\.wav|truth\.h5)"
)
"""Files of a phantom, below its folder."""

_COMMENT = f"Synthetic: {GENERATOR}, a numerical vocal tract. Not a recording of a person."


# Slower presets use x264's macroblock tree, whose AVX-512 code gives other
# bytes for the same frames from run to run.
_PRESET, _CRF = "superfast", 16


@dataclass(frozen=True)
class Take:
    """One recording before it is encoded."""

    speaker: Speaker
    utterance: Utterance
    times: np.ndarray
    """(T,) s, centres of the frames."""
    q: np.ndarray
    """(T, len(PARAMETERS)) articulatory parameters at these times."""
    contours: Contours
    frames: np.ndarray
    """(T, 84, 84) uint8."""
    wave: np.ndarray
    """(N,) float32, 20 kHz."""


def recording_name(subject: int, stimulus: str, repetition: int | None = None) -> str:
    """Stem of the files of a recording, as ``sub001_2drt_08_grandfather2_r1``."""
    return f"sub{subject:03d}_2drt_{STIMULI[stimulus].stem(repetition)}"


def voiced_name(subject: int, number: int) -> str:
    """Stem of the files of recording ``number`` (from 1) with another's voice.

    Every subject has a stimulus of its own: so recordings of subjects that are held out from
    training share no stimulus with it, and are in no test set (`s2r.corpus.split`).
    """
    return f"sub{subject:03d}_2drt_22_{OTHER_VOICE}{subject:03d}_r{number}"


def record(
    subject: int,
    stimulus: str,
    seed: int,
    profile: str | Profile,
    repetition: int | None = None,
) -> Take:
    """One recording of a subject: sound and picture of the same movements.

    It depends on the arguments only, not on earlier recordings.
    """
    speaker = draw_speaker(subject, seed)
    utterance = plan_speech(speaker, stimulus, seed, profile, repetition)

    def rng(purpose: str) -> np.random.Generator:
        return recording_rng(seed, speaker, STIMULI[stimulus].stem(repetition), purpose)

    wave = add_scanner_noise(synthesise(speaker, utterance, rng("voice")), rng("scanner"))
    return _filmed(utterance, wave, rng("picture"))


def record_voiced(subject: int, number: int, seed: int, sound: Path) -> Take:
    """Recording ``number`` (from 1) of a subject with the voice of the file ``sound``, played at a
    random speed, without scanner noise."""
    speaker, name = draw_speaker(subject, seed), f"voiced_r{number}"
    spoken = read_spoken(sound, speed_of(recording_rng(seed, speaker, name, "speed")))
    utterance = plan_voiced(speaker, spoken, name, seed)
    rng = recording_rng(seed, speaker, name, "picture")
    return _filmed(utterance, voiced_wave(spoken), rng)


def _filmed(utterance: Utterance, wave: np.ndarray, rng: np.random.Generator) -> Take:
    """The pictures of an utterance, beside its sound."""
    speaker = utterance.speaker
    count = int(utterance.duration / FRAME_PERIOD)
    times = (np.arange(count) + 0.5) * float(FRAME_PERIOD)
    q = utterance.trajectories(times)
    shape = contours(speaker, q)
    return Take(speaker, utterance, times, q, shape, draw(speaker, q, shape, rng), wave)


def write_recording(
    folder: str | Path,
    subject: int,
    stimulus: str,
    seed: int,
    profile: str | Profile,
    repetition: int | None = None,
) -> None:
    """Write video (with sound), audio and truth of one recording below the corpus ``folder``."""
    take = record(subject, stimulus, seed, profile, repetition)
    _write_take(folder, recording_name(subject, stimulus, repetition), take)


def write_voiced(folder: str | Path, subject: int, number: int, seed: int, sound: Path) -> None:
    """Write a recording with another's voice, as `write_recording` does."""
    _write_take(folder, voiced_name(subject, number), record_voiced(subject, number, seed, sound))


def _write_take(folder: str | Path, name: str, take: Take) -> None:
    home = Path(folder) / take.speaker.name / "2drt"
    write_wav(home / "audio" / f"{name}_audio.wav", take.wave, SAMPLE_RATE)
    write_video(
        home / "video" / f"{name}_video.mp4",
        take.frames,
        1 / FRAME_PERIOD,
        audio=take.wave,
        sample_rate=SAMPLE_RATE,
        crf=_CRF,
        preset=_PRESET,
        tags={"comment": _COMMENT},
    )
    write_truth(
        home / "truth" / f"{name}_truth.h5",
        Truth(
            times=take.times,
            tongue_px=to_pixels(take.speaker, take.contours.inner),
            wall_px=to_pixels(take.speaker, take.contours.outer),
            contours_px={
                name: to_pixels(take.speaker, points)
                for name, points in articulator_contours(
                    take.speaker, take.q, take.contours
                ).items()
            },
            q=take.q[:, : len(SHAPE_PARAMETERS)],
            tract_variables=tract_variables(take.speaker, take.q, take.contours),
            phones=take.utterance.phones,
            pixel_mm=PIXEL_MM,
        ),
        parameters=SHAPE_PARAMETERS,
        variables=TRACT_VARIABLES,
        speaker=take.speaker.to_json(),
    )


def write_corpus(
    folder: str | Path,
    profile: str,
    seed: int,
    processes: int = 1,
    subjects: int | None = None,
    voices: str | Path | None = None,
) -> None:
    """Write the phantom corpus of a profile; the folder appears whole or not at all.

    ``processes`` changes the time it takes, not the result. ``subjects``: write only that number
    of the profile's speakers, each exactly as in the whole corpus; None: all. Gaps of the profile
    are drawn by ``draw_gaps`` and listed in ``phantom.json``. ``voices``: a folder of others'
    voices (`find_voices`), with which each subject makes further recordings.

    Raises UserError for an unknown profile, where the folder holds anything that is no phantom's,
    and for voices that cannot be read.
    """
    if profile not in PROFILES:
        raise UserError(
            f"unknown phantom profile {profile!r}; choose one of {', '.join(PROFILES)}."
        )
    if others := _others(Path(folder)):
        raise UserError(
            f"{others[0]} belongs to no phantom and would be lost when {folder} is made anew: move "
            "it away, and read your own recordings from another folder (corpus.path)."
        )
    size = PROFILES[profile]
    numbers = range(1, min(subjects or size.speakers, size.speakers) + 1)
    gaps, found = draw_gaps(size, seed), find_voices(voices) if voices else []
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        places = [(subject, recording) for subject in numbers for recording in size.recordings]
        jobs = [
            (write_recording, temporary, subject, stimulus, seed, size, repetition)
            for subject, (stimulus, repetition) in places
            if (subject, (stimulus, repetition)) not in gaps.missing
        ]
        jobs += [
            (write_voiced, temporary, subject, number, seed, recording_of(found, subject, number))
            for subject in numbers
            for number in range(1, RECORDINGS + 1)
            if found
        ]
        _run(jobs, processes)
        truncated = [_name(place) for place in places if place in gaps.truncated]
        for name in truncated:
            _cut_off(temporary / name[:6] / "2drt" / "video" / f"{name}_video.mp4")
        for extra in range(size.empty_subjects):
            (temporary / f"sub{size.speakers + 1 + extra:03d}" / "2drt" / "video").mkdir(
                parents=True
            )
        speakers = (draw_speaker(subject, seed) for subject in numbers)
        write_json(
            temporary / "phantom.json",
            {
                "synthetic": True,
                "generator": GENERATOR,
                "profile": profile,
                "seed": seed,
                "recordings": len(jobs),
                "missing": [_name(place) for place in places if place in gaps.missing],
                "truncated": truncated,
                "subjects": {speaker.name: asdict(speaker) for speaker in speakers},
            },
        )


def _others(folder: Path) -> list[Path]:
    """The files in a folder that `write_corpus` cannot have written; only it writes a truth."""
    others = []
    for path in sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file()):
        found = WRITTEN.fullmatch(path.relative_to(folder).as_posix())
        stem = found and found["stem"]
        if not found or (stem and not (path.parents[1] / "truth" / f"{stem}_truth.h5").exists()):
            others.append(path)
    return others


def _name(place: Place) -> str:
    subject, recording = place
    return recording_name(subject, *recording)


def _cut_off(video: Path) -> None:
    """Keep the first half of a file, as after an interrupted download."""
    content = video.read_bytes()
    video.write_bytes(content[: len(content) // 2])


def _run(jobs: list[tuple], processes: int) -> None:
    """Write every recording, in this process or in ``processes`` others."""
    if processes == 1:
        for job in progress(jobs, "phantom"):
            job[0](*job[1:])
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=end_with, initargs=(os.getpid(),)
    ) as pool:
        waiting = [pool.submit(*job) for job in jobs]
        try:
            for done in progress(as_completed(waiting), "phantom", total=len(jobs)):
                done.result()
        finally:
            pool.shutdown(cancel_futures=True)
