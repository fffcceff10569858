"""The actions of the buttons on the studio's page."""

import base64
import contextlib
import errno
import html
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import gradio as gr
import numpy as np

from s2r.apps.studio import live
from s2r.apps.studio.examples import Example, Opened, open_example, same_sound
from s2r.apps.studio.learner import compare
from s2r.apps.studio.video import SOUND, VIDEO, VideoRequest, make_video, read_speech
from s2r.core.errors import UserError
from s2r.core.media.encode import write_wav
from s2r.core.units import SAMPLE_RATE
from s2r.evaluation.metrics.contour_probe import Probe
from s2r.generation.model_folder import SpeechModel
from s2r.generation.speaker import reference_frame
from s2r.preparation.pictures import enlarge

PRESETS = {"fast": "fast", "balanced": None, "best": "best"}
"""The choices of the page and the presets of `s2r generate`; None is as the model was scored."""

NO_OTHER = "no other"
"""The choice of no second model."""

SHOWN = 128
"""Height and width at which a reference frame is shown, in pixels."""

LARGEST_SEED = 2**31 - 1

FOLDERS = 5
"""Videos whose files are kept, beside the copies that Gradio serves."""

CONTOURS = (
    "what a probe reads off the pictures: an estimate, by a network that was trained on the corpus "
    "of the workflow."
)
"""What the contours are."""

SPARE = 1_000_000_000
"""Bytes that must be free on the disk before a video is made."""

_PROGRESS = gr.Progress()


class Actions:
    """Functions of the page; ``models`` and ``cards`` (model cards) by name, files in ``work``.

    ``examples`` are clips to click; ``probe`` reads contours off the videos, or ``no_probe`` says
    why there is none.
    """

    def __init__(
        self,
        models: Mapping[str, SpeechModel],
        cards: Mapping[str, str],
        work: Path,
        examples: Sequence[Example] = (),
        probe: Probe | None = None,
        no_probe: str = "",
    ):
        self.models, self.cards, self.work = models, cards, work
        self.examples, self.probe, self.no_probe = examples, probe, no_probe
        self._opened: dict[int, Opened] = {}
        self._state = threading.Condition()
        self._closing, self._running = False, 0

    def close(self, seconds: float = 10.0) -> None:
        """Let no work begin and running work end, so that nothing writes to ``work`` any more.

        Waits for it, at most ``seconds``: a video ends after the window that is generated.
        """
        with self._state:
            self._closing = True
            self._state.wait_for(lambda: not self._running, seconds)

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        with self._state:
            self._go_on()
            self._running += 1
        try:
            yield
        finally:
            with self._state:
                self._running -= 1
                self._state.notify_all()

    def _go_on(self) -> None:
        if self._closing:
            raise page_error("The studio is closed.")

    def common_speakers(self, names: Sequence[str]) -> list[str]:
        """Subjects that all models ``names`` were trained on, in the order of the first model."""
        first, *others = (self.models[name].references for name in names)
        return [subject for subject in first if all(subject in other for other in others)]

    def at_rest(self, model: str, speaker: str | None) -> np.ndarray | None:
        """The reference frame of a speaker, enlarged; None without a speaker."""
        if not speaker:
            return None
        return enlarge(self.models[model].references[speaker][None].copy(), SHOWN)[0]

    def choose(self, model: str, second: str, speaker: str | None) -> tuple:
        """The speakers that the models share, the reference frame of one, and the models' cards.

        The current ``speaker`` stays where the models have it; else it is the first they share.
        """
        names = chosen_models(model, second)
        common = self.common_speakers(names)
        if speaker not in common:
            speaker = common[0] if common else None
        cards = "\n\n".join(self.cards[name] for name in names)
        return gr.Dropdown(common, value=speaker), self.at_rest(model, speaker), cards

    def example(self, number: int, speakers: Sequence[str]) -> tuple:
        """The sound of an example, and its speaker where that is one of ``speakers``."""
        with self._working():
            opened = open_example(self.examples[number], self.work / "examples")
        self._opened[number] = opened
        speaker = opened.speaker if opened.speaker in speakers else gr.skip()
        return str(opened.sound), speaker

    def sound_of(self, video: str) -> str:
        """The sound of a video as a file that browsers play."""
        with self._working(), page_errors(video):
            samples = read_speech(Path(video))
            target = self._new_folder() / f"{Path(video).stem}.wav"
            write_wav(target, samples, SAMPLE_RATE)
        return str(target)

    def generate(
        self,
        speech: str | None,
        speaker: str | None,
        pictures: list[str] | None,
        force: bool,
        model: str,
        second: str,
        sampler: str,
        clean: bool,
        height: int,
        seed: int | None,
        truth: bool = True,
        contours: bool = False,
        progress=_PROGRESS,
    ) -> tuple:
        """Generate the video of a sound file.

        ``truth`` shows the true video beside it where the sound is that of an example. Returns the
        video, the sound for the time line, the files to download, and a caption.
        """
        if not speech:
            raise page_error("There is no speech yet: record speech, or choose a file.")
        if seed is None or not 0 <= seed <= LARGEST_SEED:
            raise page_error(f"The seed must be a whole number from 0 to {LARGEST_SEED}.")
        if not pictures and not speaker:
            raise page_error("The two models have no speaker in common: use your own pictures.")
        if shutil.disk_usage(self.work).free < SPARE:
            raise page_error("There is no space for a video on the studio's disk.")
        names = chosen_models(model, second)
        known = same_sound([*self._opened.values()], Path(speech)) if truth else None
        own = known is not None and known.speaker == speaker and not pictures
        request = VideoRequest(
            sound=Path(speech),
            models=names,
            speaker=None if pictures else speaker,
            pictures=tuple(map(Path, pictures or [])),
            force=force,
            preset=PRESETS[sampler],
            clean=clean,
            seed=seed,
            size=height,
            film=known and known.film,
            film_title="true" if own else "true, of another speaker",
            contours=contours,
        )

        def on_frames(done: int, total: int) -> None:
            self._go_on()
            progress((done, total), desc="Generating", unit="frames")

        def on_remark(sentence: str) -> None:
            gr.Warning(f"{page_text(sentence, [speech])}.", duration=None)

        with self._working(), page_errors(speech, *(pictures or [])):
            folder = self._new_folder()
            seconds = make_video(request, self.models, folder, on_frames, on_remark, self.probe)
            sound = base64.b64encode((folder / SOUND).read_bytes()).decode()
        files = sorted(str(path) for path in folder.iterdir())
        return (
            str(folder / VIDEO),
            {"picture": f"data:image/png;base64,{sound}", "seconds": seconds},
            files,
            self._caption(names, known is not None, contours and self.probe is not None),
        )

    def compare(
        self, target: str | None, own: str | None, model: str, speaker: str, progress=_PROGRESS
    ) -> tuple[str, str]:
        """The video of two recordings in step, and a sentence about it (`learner.compare`)."""
        for recording, name in ((target, "the target's recording"), (own, "your own recording")):
            if not recording:
                raise page_error(f"There is no speech yet: {name} is missing.")
        if shutil.disk_usage(self.work).free < SPARE:
            raise page_error("There is no space for a video on the studio's disk.")
        progress(0.2, desc="Generating")
        loaded = self.models[model]
        with self._working(), page_errors(target, own):
            folder = self._new_folder()
            reference = reference_frame(loaded, speaker, (), False)
            found = compare(Path(own), Path(target), loaded, reference, folder, probe=self.probe)
        sentence = f"The pictures differ most at {found.most:.2f} s."
        if self.probe is None:
            sentence += f" (Difference of grey levels; for contours: {self.no_probe})"
        return str(folder / VIDEO), sentence

    def hear(
        self, piece: tuple[int, np.ndarray] | None, heard: live.Heard, speaker: str
    ) -> tuple[live.Heard, object, object]:
        """One more piece of live sound: the sound so far, the moving picture, and the delay."""
        arrived = time.monotonic()
        loaded = self.models[live.live_model(self.models)]
        if piece is None or not len(piece[1]):
            return heard, gr.skip(), gr.skip()
        with self._working(), page_errors():
            reference = reference_frame(loaded, speaker, (), False)
            heard = live.add_sound(heard, *piece)
            heard, frames = live.next_frames(heard, loaded, reference)
        if not len(frames):
            return heard, gr.skip(), gr.skip()
        return heard, live.moving_picture(frames), live.delay(time.monotonic() - arrived)

    def _caption(self, names: Sequence[str], true: bool, contours: bool) -> str:
        """What is shown from left to right, and the start of the models' cards: their training."""
        title = " | ".join(["**true video**"] * true + [f"**{name}**" for name in names])
        origins = dict.fromkeys([*self.cards[name].split("\n\n"), ""][1] for name in names)
        lines = [title, " ".join(origins)]
        if contours:
            lines.append(f"Contours: {CONTOURS}")
        return "\n\n".join(lines)

    def _new_folder(self) -> Path:
        """A new empty folder; only the last few older ones are kept."""
        before = sorted(self.work.glob("made-*"), key=lambda path: path.stat().st_mtime)
        for folder in before[: max(0, len(before) - FOLDERS + 1)]:
            shutil.rmtree(folder, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix="made-", dir=self.work))


def chosen_models(model: str, second: str) -> tuple[str, ...]:
    """The names of the models: one, or two to compare."""
    return (model,) if second == NO_OTHER else (model, second)


def page_error(sentence: str) -> gr.Error:
    """An exception whose sentence the page shows until the user closes it."""
    return gr.Error(sentence, duration=None, print_exception=False)


def page_text(sentence: str, paths: Sequence[str | None]) -> str:
    """A sentence as the page shows it, without the folders of ``paths``.

    Users know their files by name.
    """
    for path in filter(None, paths):
        sentence = sentence.replace(f"{Path(path).parent}/", "")
    return html.escape(sentence, quote=False)


@contextlib.contextmanager
def page_errors(*paths: str | None) -> Iterator[None]:
    """User errors, and a full disk, become a sentence on the page (`page_text`)."""
    try:
        yield
    except UserError as error:
        raise page_error(page_text(str(error), paths)) from None
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise page_error("There is no space left on the studio's disk.") from None
