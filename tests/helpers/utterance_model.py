"""A very small phantom, and an utterance model that is trained on it: ten seconds in all.

The folder that `write_utterance_model` fills:

corpus/                       three speakers of the phantom, as `s2r.corpus.phantom` writes them
frames/00.h5, embeddings/00.h5, split.csv   prepared for training; log-mel
autoencoder.safetensors, run/   articulation codes, and the trained model
model/                        the model folder, for `load_model_folder`
"""

from pathlib import Path

import numpy as np
import pandas as pd

from s2r.config.keys import plain
from s2r.config.model_blocks import (
    AutoencoderBlock,
    MeanNetwork,
    MeanTraining,
    ResidualNetwork,
    ResidualTraining,
    SamplerConfig,
)
from s2r.core.shards import write_shard
from s2r.corpus.phantom.stimuli import Profile
from s2r.corpus.phantom.writer import recording_name, write_recording
from s2r.generation.model_folder import export_model
from s2r.model.utterance_model import UtteranceConfig
from s2r.preparation.embeddings import embed_shard
from s2r.preparation.frames import FramesConfig, prepare_recording
from s2r.preparation.recordings import RecordingSet, open_recordings
from s2r.preparation.resting import recording_at_rest
from s2r.speech.encoder import EncoderConfig
from s2r.speech.load import load_encoder
from s2r.training.autoencoder import fit_autoencoder
from s2r.training.utterance import train_utterance

SIZE = 32
SECONDS = 2.0
"""Length of a recording, about."""

SPEAKERS = (1, 2, 3)
SETS = {"vcv1": "train", "bvt": "train", "topic1": "validation"}
"""Set of every stimulus; of the last speaker, the last one is ``unseen_speech``."""

CODES = AutoencoderBlock(codes=12)
CONFIG = UtteranceConfig(
    CODES, MeanNetwork(hidden=24, dilations=(1, 2, 4)), ResidualNetwork(hidden=16, dilations=(1, 2))
)
MEAN = MeanTraining(
    clips=480, batch=8, segment=60, warmup_clips=80, speech_dimensions=16, validate_clips=240,
    fold_share=0.35,
)  # fmt: skip
RESIDUAL = ResidualTraining(clips=240, batch=8, segment=60, warmup_clips=80, validate_clips=120)
SAMPLER = SamplerConfig(steps=3)


def film_of(folder: str | Path, subject: int = 1, stimulus: str = "bvt") -> Path:
    """The video, with sound, of a recording below ``folder``."""
    name = f"{recording_name(subject, stimulus)}_video.mp4"
    return Path(folder) / "corpus" / f"sub{subject:03d}" / "2drt" / "video" / name


def write_phantom(folder: Path) -> RecordingSet:
    """Three speakers with three recordings each, prepared at ``SIZE`` pixels; see above."""
    items, rows = [], []
    profile = Profile(len(SPEAKERS), tuple((stimulus, None) for stimulus in SETS), SECONDS, SECONDS)
    for subject in SPEAKERS:
        for stimulus, kind in SETS.items():
            write_recording(folder / "corpus", subject, stimulus, 0, profile)
            video = film_of(folder, subject, stimulus)
            name = recording_name(subject, stimulus)
            row = {"recording": name, "video": str(video), "audio": str(video)}
            prepared = prepare_recording(row, FramesConfig(size=SIZE))
            items.append((name, {key: prepared[key] for key in ("frames", "audio")}, {}))
            unseen = kind == "validation" and subject == SPEAKERS[-1]
            rows.append((name, f"sub{subject:03d}", stimulus, "unseen_speech" if unseen else kind))
    frames, embeddings = folder / "frames/00.h5", folder / "embeddings/00.h5"
    write_shard(frames, items, {"rate": 50})
    encoder = load_encoder(EncoderConfig("logmel"), folder)
    embed_shard(frames, embeddings, encoder, copies=MEAN.sound_copies)
    split = pd.DataFrame(rows, columns=["recording", "subject", "stimulus", "set"])
    split.to_csv(folder / "split.csv", index=False)
    return open_recordings(
        {"frames": [frames], "embeddings": [embeddings], "split": folder / "split.csv"}
    )


def train_utterance_model(
    recordings: RecordingSet, folder: Path, config: UtteranceConfig = CONFIG
) -> Path:
    """Fit the articulation codes and train a model of few steps; the file of the model."""
    autoencoder = fit_autoencoder(
        config.autoencoder, recordings, folder / "autoencoder.safetensors"
    )
    run = folder / "run"
    train_utterance(
        config,
        MEAN,
        RESIDUAL,
        autoencoder,
        recordings=recordings,
        state_folder=run / "state",
        model_path=run / "model.safetensors",
        curve_path=run / "curve.csv",
    )
    return run / "model.safetensors"


def references_of(recordings: RecordingSet) -> dict[str, np.ndarray]:
    """{subject: (H, W) uint8 resting frame}, of the first training recording of each."""
    subjects = recordings.split.set_index("recording")["subject"]
    references: dict[str, np.ndarray] = {}
    for name in recordings.members("train"):
        references.setdefault(subjects[name], recording_at_rest(recordings.frames, name))
    return references


def write_utterance_model(folder: Path) -> Path:
    """Write everything above into ``folder``; the path of the model folder in it."""
    recordings = write_phantom(folder)
    export_model(
        folder / "model",
        name="utterance",
        model_path=train_utterance_model(recordings, folder),
        encoder=EncoderConfig("logmel"),
        settings={"preset": "s2r", "pooling": False, "sampler": plain(SAMPLER)},
        references=references_of(recordings),
        frame_rate=50,
        percentiles=FramesConfig().percentiles,
        card="# utterance\n",
    )
    return folder / "model"
