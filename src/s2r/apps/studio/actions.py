"""What the buttons of the studio's page do."""

import base64
import contextlib
import errno
import html
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import gradio as gr
import numpy as np

from s2r.apps.studio.video import SOUND, VIDEO, VideoRequest, make_video, read_speech
from s2r.core.errors import UserError
from s2r.core.media.encode import write_wav
from s2r.core.units import SAMPLE_RATE
from s2r.generation.model_folder import SpeechModel
from s2r.generation.speaker import PRESET_STEPS
from s2r.preparation.pictures import enlarge

PRESETS = {"as scored": None} | {
    f"{name}: {steps} levels": name for name, steps in PRESET_STEPS.items()
}

NO_OTHER = "no other"
"""Stands for the second model where there is none."""

SHOWN = 128
"""Height and width of a speaker at rest, in pixels."""

LARGEST_SEED = 2**31 - 1

FOLDERS = 5
"""Videos whose files are kept beside the copies that Gradio hands out."""

SPARE = 1_000_000_000
"""Bytes of the disk that videos leave free."""

_PROGRESS = gr.Progress()


class Actions:
    """Functions of the page; ``models`` and ``cards`` (model cards) by name, files in ``work``."""

    def __init__(self, models: Mapping[str, SpeechModel], cards: Mapping[str, str], work: Path):
        self.models, self.cards, self.work = models, cards, work

    def common_speakers(self, chosen: Sequence[str]) -> list[str]:
        """Subjects whom all ``chosen`` models were trained on, in the order of the first."""
        first, *others = (self.models[name].references for name in chosen)
        return [subject for subject in first if all(subject in other for other in others)]

    def at_rest(self, model: str, speaker: str | None) -> np.ndarray | None:
        """The resting frame of a speaker, enlarged."""
        if not speaker:
            return None
        return enlarge(self.models[model].references[speaker][None].copy(), SHOWN)[0]

    def choose(self, model: str, second: str, speaker: str | None) -> tuple:
        """The speakers that go with the models, the one chosen before if he is among them, and
        the models' cards."""
        chosen = chosen_models(model, second)
        common = self.common_speakers(chosen)
        if speaker not in common:
            speaker = common[0] if common else None
        cards = "\n\n".join(self.cards[name] for name in chosen)
        return gr.Dropdown(common, value=speaker), self.at_rest(model, speaker), cards

    def sound_of(self, video: str) -> str:
        """The sound of a video as a file that browsers play."""
        with page_errors(video):
            samples = read_speech(Path(video))
            target = self._new_folder() / f"{Path(video).stem}.wav"
            write_wav(target, samples, SAMPLE_RATE)
        return str(target)

    def generate(
        self,
        speech: str | None,
        speaker: str | None,
        picture: str | None,
        force: bool,
        model: str,
        second: str,
        sampler: str,
        height: int,
        seed: int | None,
        progress=_PROGRESS,
    ) -> tuple:
        """Draw the vocal tract for the sound in a file: video, sound for the time line, files to
        download, and a caption."""
        if not speech:
            raise page_error("There is no speech yet: record some, or choose a file.")
        if seed is None or not 0 <= seed <= LARGEST_SEED:
            raise page_error(f"The seed must be a whole number from 0 to {LARGEST_SEED}.")
        if not picture and not speaker:
            raise page_error("The two models have no speaker in common: use a picture of your own.")
        if shutil.disk_usage(self.work).free < SPARE:
            raise page_error("There is no room for a video on the studio's disk.")
        chosen = chosen_models(model, second)
        wish = VideoRequest(
            sound=Path(speech),
            models=chosen,
            speaker=None if picture else speaker,
            reference=Path(picture) if picture else None,
            force=force,
            preset=PRESETS[sampler],
            seed=seed,
            size=height,
        )
        folder = self._new_folder()

        def on_frames(made: int, frames: int) -> None:
            progress((made, frames), desc="Drawing", unit="frames")

        with page_errors(speech, picture):
            seconds = make_video(wish, self.models, folder, on_frames)
        sound = base64.b64encode((folder / SOUND).read_bytes()).decode()
        made = sorted(str(path) for path in folder.iterdir())
        return (
            str(folder / VIDEO),
            {"picture": f"data:image/png;base64,{sound}", "seconds": seconds},
            made,
            self._caption(chosen),
        )

    def _caption(self, chosen: Sequence[str]) -> str:
        """Which model is where, and what they were trained on: what their cards begin with."""
        names = " | ".join(f"**{name}**" for name in chosen)
        origins = dict.fromkeys([*self.cards[name].split("\n\n"), ""][1] for name in chosen)
        return f"{names}\n\n{' '.join(origins)}"

    def _new_folder(self) -> Path:
        """An empty folder; of earlier ones only a few last stay."""
        before = sorted(self.work.glob("made-*"), key=lambda path: path.stat().st_mtime)
        for folder in before[: max(0, len(before) - FOLDERS + 1)]:
            shutil.rmtree(folder, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix="made-", dir=self.work))


def chosen_models(model: str, second: str) -> tuple[str, ...]:
    """One name, or two."""
    return (model,) if second == NO_OTHER else (model, second)


def page_error(sentence: str) -> gr.Error:
    """To be raised: the page shows the sentence until it is closed."""
    return gr.Error(sentence, duration=None, print_exception=False)


@contextlib.contextmanager
def page_errors(*paths: str | None) -> Iterator[None]:
    """Faults of users, and a full disk, become the sentence that the page shows.

    Pages know their files (``paths``) by name, not by where they lie.
    """
    try:
        yield
    except UserError as error:
        sentence = str(error)
        for path in filter(None, paths):
            sentence = sentence.replace(f"{Path(path).parent}/", "")
        raise page_error(html.escape(sentence, quote=False)) from None
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise page_error("There is no space left on the studio's disk.") from None
