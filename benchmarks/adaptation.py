"""How many seconds of film bring a new subject to the error of a subject of the training.

    python benchmarks/adaptation.py results [--run whisper-tiny.en] [--seconds 5 10 20]

reads a finished job on the phantom. For every held-out subject the model of a run is adapted to so
many seconds of its scripted recordings (set unseen_subject, passages first), and tested on its
spontaneous ones (set unseen_both), before and after; the level to reach is that of subjects of the
training on the same stimuli (set unseen_speech). Intervals of 95 % are over subjects.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
from small_models import SYSTEM, embeddings, read_config

from s2r.config.build import build, build_part
from s2r.config.model_blocks import MeanTraining, SamplerConfig
from s2r.config.parameters import run_settings
from s2r.core.units import FRAME_RATE, to_unit_range
from s2r.evaluation.held_out import described, speech_scores, video_scores
from s2r.evaluation.instruments import read_instruments
from s2r.evaluation.metrics.statistics import bootstrap_interval
from s2r.generation.utterance import UtteranceVideos
from s2r.model.family import VideoTask
from s2r.model.utterance_model import load_utterance_model
from s2r.preparation.recordings import RecordingSet, open_recordings
from s2r.preparation.resting import recording_at_rest
from s2r.training.adapt import Film, adapt

PASSAGES = ("rainbow", "grandfather1", "northwind1", "shibboleth")
SHOWN = {
    "error_draw": "error x 1000, draw",
    "error_mean": "error x 1000, mean",
    "kinematics_mean": "kinematics, mean",
    "motion_draw": "motion, draw",
    "described": "error x 1000, pictures by their codes",
}


def films(recordings: RecordingSet, names: list[str], seconds: float) -> list[Film]:
    """The first ``seconds`` of the recordings ``names`` together."""
    left, chosen = round(seconds * FRAME_RATE), []
    for name in names:
        if left <= 0:
            break
        frames = recordings.video(name)[:left]
        reference = recording_at_rest(recordings.frames, name)
        chosen.append(Film(frames, reference, recordings.embedded(name, 0, len(frames))))
        left -= len(frames)
    return chosen


def scores(
    videos: UtteranceVideos, recordings: RecordingSet, names: list[str], instruments
) -> dict[str, float]:
    """Means over recordings."""
    rows = []
    for name in names:
        truth = recordings.video(name)
        reference = recording_at_rest(recordings.frames, name)
        speech = videos.project(recordings.embedded(name))
        task = VideoTask(speech, to_unit_range(reference), seed=0)
        row = speech_scores(videos, task, truth, instruments)
        told = video_scores(truth, described(videos, truth, reference), instruments)
        rows.append(row | {"described": told["error"]})
    return pd.DataFrame(rows).mean().to_dict()


def measured(
    results: Path, run: str, seconds: list[float], steps: int | None
) -> Iterator[dict[str, object]]:
    """A row for every subject and every length of film."""
    settings = run_settings(read_config(), run)
    files = {"frames": sorted((results / "frames").glob("*.h5")), "split": results / "split.csv"}
    recordings = open_recordings(files)
    recordings = replace(recordings, embeddings=embeddings(results, settings["encoder"]))
    instruments = read_instruments(results / "instruments" / "region.npz", None)
    model, info = load_utterance_model(results / "runs" / run / "model.safetensors")
    training = build_part(MeanTraining, info["mean"])
    videos = UtteranceVideos(model.eval(), build(SamplerConfig, settings["sampler"]))
    lines = recordings.split.set_index("recording")

    def by_subject(set_name: str) -> dict[str, list[str]]:
        members = lines.loc[recordings.members(set_name)]
        return {who: list(part.index) for who, part in members.groupby("subject")}

    for who, tested in by_subject("unseen_speech").items():
        found = scores(videos, recordings, tested, instruments)
        yield {"subject": who, "film": "subjects of the training", "steps": 0} | found
    learned = by_subject("unseen_subject")
    for who, tested in by_subject("unseen_both").items():
        found = scores(videos, recordings, tested, instruments)
        yield {"subject": who, "film": "none", "steps": 0} | found
        stimuli = lines["stimulus"]
        order = sorted(learned[who], key=lambda name: stimuli[name] not in PASSAGES)
        for length in seconds:
            adapted = adapt(model, films(recordings, order, length), training, steps)
            found = scores(replace(videos, model=adapted.model, _speakers={}), recordings, tested,
                           instruments)  # fmt: skip
            yield {"subject": who, "film": f"{length:g} s", "steps": adapted.steps} | found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--run", default=SYSTEM)
    parser.add_argument("--seconds", type=float, nargs="+", default=[5, 10, 20])
    parser.add_argument("--steps", type=int, help="of every adaptation; default: early stop")
    options = parser.parse_args()
    rows = measured(options.results, options.run, options.seconds, options.steps)
    table = pd.DataFrame(rows).set_index("subject")
    shown = []
    for film, part in table.groupby("film", sort=False):
        row = {"film": film, "n": len(part), "steps": f"{part['steps'].median():g}"}
        for name, heading in SHOWN.items():
            found = bootstrap_interval(part[name].to_dict())
            digits = 1 if "error" in heading else 2
            row[heading] = (
                f"{found.value:.{digits}f} ({found.low:.{digits}f}, {found.high:.{digits}f})"
            )
        shown.append(row)
    print(pd.DataFrame(shown).to_markdown(index=False, disable_numparse=True))
    print("\nchange of the error x 1000 of draws, within subjects:")
    before = table[table["film"] == "none"]["error_draw"]
    for film, part in table[table["film"].str.endswith(" s")].groupby("film", sort=False):
        found = bootstrap_interval((part["error_draw"] - before).to_dict())
        print(f"{film}: {found.value:.1f} ({found.low:.1f}, {found.high:.1f})")


if __name__ == "__main__":
    main()
