"""The numbers of docs/reproduction.md: what each defect of the released protocol does to a score.

    make table1
    python benchmarks/reproduction.py

reads the results of the embedded default (the phantom) and writes ``reproduction.json`` and
``reproduction.md`` into ``benchmarks/results/reproduction``. It trains six small models of the
preset ``paper`` (eight minutes each on one core), the default's model ten times (some minutes each)
and a small WavLM (twenty). What is there already is not trained again.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from reproduction_encoder import encoder_effect
from reproduction_split import split_effect
from reproduction_variants import SEEDS as VARIANT_SEEDS
from reproduction_variants import VARIANTS, variant
from small_models import SYSTEM, embeddings, read_config

from s2r.config.parameters import run_settings
from s2r.config.result_blocks import GenerationConfig
from s2r.config.systems import SETS
from s2r.core.files import atomic_path, write_json
from s2r.core.shards import Shards
from s2r.corpus.index import read_recordings
from s2r.corpus.released_split import leaks, released_split
from s2r.corpus.split import read_split
from s2r.evaluation.clip_features import i3d_extractor, read_clips
from s2r.evaluation.instruments import Instruments, read_instruments
from s2r.evaluation.metrics.paired import squared_error, ssim_per_frame
from s2r.evaluation.metrics.texture import motion_energy
from s2r.evaluation.recording_scores import GIVEN
from s2r.evaluation.released_protocol import (
    TRAINING_CLIPS,
    protocol_rows,
    training_list,
)
from s2r.generation.baselines import generate_baseline
from s2r.generation.generate import generate_run
from s2r.generation.generated_file import read_generated
from s2r.model.family import find_family
from s2r.preparation.recordings import RecordingSet
from s2r.preparation.selection import recordings_of

SET = "unseen_speech"
CLIPS = 64
WINDOW = 10


def clip_scores(results: Path, made: Path, frames: Shards, split: pd.DataFrame, weights: Path):
    """Every system's clips under the released protocol and under ours, as rows."""
    settings = run_settings(read_config(), SYSTEM)
    speech = embeddings(results, settings["encoder"])
    recordings = RecordingSet(frames, split, embeddings=speech)
    files = {name: made / f"{name}.h5" for name in ("copied_frame", "mean_frame", SYSTEM)}
    for name in ("copied_frame", "mean_frame"):
        generate_baseline(name, SET, split, frames, files[name], clips=CLIPS, rollouts=1)
    generate_run(
        find_family(settings["preset"]).load(
            results / "runs" / SYSTEM / "model.safetensors", settings, "cpu"
        ),
        recordings,
        outputs={SET: files[SYSTEM]},
        mean_outputs={},
        settings=GenerationConfig(draws=1, clips=CLIPS, recordings=1, batch=16),
        labels={"system": SYSTEM},
    )
    extract = i3d_extractor(weights)
    training = read_clips(recordings, training_list(recordings, TRAINING_CLIPS))
    made_clips = {}
    for name, file in files.items():
        with read_generated(file) as content:
            made_clips[name] = content.first_draws()
    places = list(made_clips[SYSTEM])
    systems = [(name, np.stack([clips[p] for p in places])) for name, clips in made_clips.items()]
    return list(protocol_rows(systems, read_clips(recordings, places), training, extract))


def split_facts(results: Path) -> dict:
    """Leaks of the released split on the nominal corpus and on the phantom."""
    index = read_recordings(results / "recordings.csv")
    facts = {}
    for name, recordings in (("nominal", nominal_corpus()), ("phantom", index)):
        split = released_split(recordings)
        facts[name] = [[*numbers, text] for text, numbers in leaks(split, recordings).items()]
    return facts


def nominal_corpus() -> pd.DataFrame:
    """The 75 x 32 recordings that the corpus would have if none were missing."""
    from s2r.corpus.phantom.stimuli import STIMULI

    rows = [
        {
            "recording": f"sub{subject:03d}_2drt_{stimulus.stem(repetition)}",
            "subject": f"sub{subject:03d}",
            "stimulus": stimulus.name,
            "style": stimulus.style,
            "status": "ok",
            "silent": "",
        }
        for subject in range(1, 76)
        for stimulus in STIMULI.values()
        for repetition in stimulus.repetitions
    ]
    return pd.DataFrame(rows)


def score(
    results: Path, system: str, set_name: str, mode: str, metric: str, region: str
) -> tuple[float, int]:
    """A score of one draw from the default job's results, and the recordings behind it."""
    sets = json.loads((results / "scores" / f"{system}.json").read_text())["sets"]
    wanted = {"mode": mode, "estimate": "draw", "metric": metric, "region": region}
    rows = [r for r in sets[set_name]["values"] if all(r[k] == v for k, v in wanted.items())]
    value = np.average([r["value"] for r in rows], weights=[r["frames"] for r in rows])
    return float(value), len(rows)


def mixture(results: Path) -> dict:
    """Error and SSIM of a model where the sets are mixed as in the released split of the corpus:
    60 of 300 recordings of unseen speech are of unseen subjects too, and 140 of 448 of unseen
    subjects are of unseen speech too."""
    found = {}
    for label, measure in (
        ("error", ("rollout", "squared_error", "dynamic")),
        ("ssim", ("clip", "ssim", "frame")),
    ):
        sets = {name: score(results, SYSTEM, name, *measure) for name in SETS}
        speech, subject, both = (value for value, _ in sets.values())
        found[label] = {name: {"value": value, "n": n} for name, (value, n) in sets.items()} | {
            "released_unseen_speech": 0.8 * speech + 0.2 * both,
            "released_unseen_subject": (308 * subject + 140 * both) / 448,
        }
    return found


def repeat_at_boundaries(video: np.ndarray, window: int = WINDOW) -> np.ndarray:
    """What a perfect generator makes that must start each window with the last one's end."""
    places = np.arange(len(video))
    places[window::window] -= 1
    return video[places]


def perfect_boundaries(frames: Shards, split: pd.DataFrame, instruments: Instruments) -> dict:
    """A perfect generator that repeats a frame at each window boundary, against the truth."""
    at, after, inside, ssim, errors = [], [], [], [], []
    for recording in recordings_of(split, SET, frames):
        truth = frames.read(recording, "frames")
        made = repeat_at_boundaries(truth)
        energy = motion_energy(made, instruments.region)
        place = np.arange(1, len(made)) % WINDOW
        at += [energy[place == 0]]
        after += [energy[place == 1][1:]]
        inside += [energy[place > 1]]
        ssim += [ssim_per_frame(truth, made)[GIVEN:]]
        errors += [squared_error(truth, made, instruments.region)[GIVEN:]]
    usual = np.concatenate(inside).mean()
    return {
        "recordings": len(at),
        "seams": int(sum(map(len, at))),
        "at_seam": float(np.concatenate(at).mean() / usual),
        "after_seam": float(np.concatenate(after).mean() / usual),
        "ssim": 100 * float(np.concatenate(ssim).mean()),
        "error": float(np.concatenate(errors).mean()),
    }


def pooling_fact(results: Path, frames: Shards, split: pd.DataFrame) -> dict:
    """How many embeddings the mean over the batch axis of one recording changes; and the error
    (value, recordings) of the default's models without and with true pooling."""
    changed = total = 0
    speech = embeddings(results, "logmel")
    for recording in recordings_of(split, SET, frames):
        batch = torch.from_numpy(speech.read(recording, "embeddings")).float()[None]
        pooled = batch.mean(dim=0)[None]
        changed += int((pooled != batch).sum())
        total += batch.numel()
    measure = (SET, "rollout", "squared_error", "dynamic")
    errors = {name: score(results, name, *measure) for name in (SYSTEM, f"{SYSTEM}-pooled")}
    return {"changed": changed, "values": total, "true_pooling": errors}


def raw_condition_fact(frames: Shards, split: pd.DataFrame) -> dict:
    """Mean and standard deviation of what the network sees of given frames that are not scaled;
    all other frames have 0 and 1."""
    recordings = recordings_of(split, "train", frames)
    grey = np.concatenate([frames.read(one, "frames")[::10] for one in recordings]) / 255
    return {"mean": float(grey.mean()), "deviation": float(grey.std()), "frames": len(grey)}


def markdown(found: dict) -> str:
    """The findings as tables."""
    parts = []
    for name in ("scores", "variants", "released_split"):
        table = pd.DataFrame(found[name])
        lines = ["| " + " | ".join(table) + " |", "|" + " --- |" * len(table.columns)]
        for row in table.itertuples(index=False):
            cells = [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row]
            lines.append("| " + " | ".join(cells) + " |")
        parts.append(f"## {name}\n\n" + "\n".join(lines))
    rest = {
        key: value
        for key, value in found.items()
        if key not in ("scores", "variants", "released_split")
    }
    return "\n\n".join([*parts, f"## rest\n\n```json\n{json.dumps(rest, indent=1)}\n```\n"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--i3d", type=Path, default=Path("weights/i3d-kinetics-400.safetensors"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/reproduction"))
    parser.add_argument(
        "--wavlm", help="a WavLM of the hub, instead of a small one that is trained here"
    )
    given = parser.parse_args()
    frames = Shards(sorted((given.results / "frames").glob("*.h5")))
    split = read_split(given.results / "split.csv")
    instruments = read_instruments(given.results / "instruments" / "region.npz", None)
    found = {
        "split": split_facts(given.results),
        "mixture": mixture(given.results),
        "perfect_seams": perfect_boundaries(frames, split, instruments),
        "pooling": pooling_fact(given.results, frames, split),
        "raw_condition": raw_condition_fact(frames, split),
        "variants": [
            variant(switch, seed, given.results, given.out, frames, split, instruments)
            for seed in VARIANT_SEEDS
            for switch in VARIANTS
        ],
        "released_split": split_effect(given.results, given.out, frames, instruments),
        "encoder": encoder_effect(
            given.results, given.out, frames, split, instruments, given.wavlm
        ),
        "scores": clip_scores(given.results, given.out, frames, split, given.i3d),
    }
    write_json(given.out / "reproduction.json", found)
    with atomic_path(given.out / "reproduction.md") as temporary:
        temporary.write_text(markdown(found))
    print(markdown(found))


if __name__ == "__main__":
    main()
