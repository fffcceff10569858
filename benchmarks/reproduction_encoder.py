"""What it does to a score that WavLM is run as wav2vec 2.0.

A checkpoint is read by its own class and by the wrong one: a published one, or a small WavLM that
is trained here to predict masked speech of the phantom, as HuBERT and WavLM were on other speech
(clusters of log-mel frames are its targets).
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.cluster.vq import kmeans2, vq
from small_models import errors_of_default, read_config
from transformers import Wav2Vec2FeatureExtractor, WavLMConfig, WavLMModel

from s2r.core.files import atomic_path
from s2r.core.progress import progress
from s2r.core.shards import Shards
from s2r.core.units import SAMPLE_RATE
from s2r.evaluation.instruments import Instruments
from s2r.preparation.embeddings import embed_shard
from s2r.preparation.recordings import RecordingSet
from s2r.preparation.selection import recordings_of
from s2r.speech.encoder import HOP, EncoderConfig
from s2r.speech.load import load_encoder
from s2r.speech.logmel import log_mel

SEEDS = (1, 2)
NETWORK = {
    "hidden_size": 192,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 768,
    "conv_dim": (128,) * 7,
    "num_conv_pos_embeddings": 64,
    "num_conv_pos_embedding_groups": 8,
    "layerdrop": 0.0,
}
CLUSTERS, STEPS, BATCH, BINS = 100, 1000, 12, 100
MASKED = 10
"""Bins (20 ms) of a masked stretch, as in wav2vec 2.0; about half of all are masked."""


def encoder_effect(
    results: Path,
    made: Path,
    frames: Shards,
    split: pd.DataFrame,
    instruments: Instruments,
    published: str | None = None,
) -> dict:
    """How much the wrong class changes the embeddings (mean square, of their variance), and the
    errors of the default's model with either class, as rows. ``published`` is a WavLM of the hub;
    for None one is trained."""
    checkpoint, label = str(made / "wavlm"), "wavlm"
    if published:
        checkpoint, label = published, published.replace("/", "_")
    elif not Path(checkpoint).exists():
        train_wavlm(frames, recordings_of(split, "train", frames), Path(checkpoint))
    rows, embeddings = [], {}
    own = split[split["set"].isin(["train", "unseen_speech", "unseen_subject", "unseen_both"])]
    for name, wrong in (("WavLM", False), ("wav2vec 2.0", True)):
        config = EncoderConfig("huggingface", checkpoint, as_wav2vec2=wrong)
        embeddings[name] = speech = embedded(results, made / f"{label}_{int(wrong)}", config)
        recordings = RecordingSet(frames, own, embeddings=speech)
        for seed in SEEDS:
            folder = made / f"{label}_{int(wrong)}_{seed}"
            errors = errors_of_default(recordings, seed, folder, instruments)
            rows += [
                {"class": name, "seed": seed, "set": test, "error": error}
                for test, error in errors.items()
            ]
    right, wrong = (
        np.concatenate([speech.read(one, "embeddings") for one in sorted(own["recording"])])
        for speech in embeddings.values()
    )
    change = np.square(wrong - right).mean() / np.square(right - right.mean(0)).mean()
    found = {"checkpoint": label, "change_of_embeddings": float(change), "frames": len(right)}
    return found | {"errors": rows}


def embedded(results: Path, folder: Path, config: EncoderConfig) -> Shards:
    """Embeddings of all recordings, made where they are missing."""
    encoder = None
    for shard in sorted((results / "frames").glob("*.h5")):
        if not (folder / shard.name).exists():
            encoder = encoder or load_encoder(config)
            copies = read_config()["mean"]["sound_copies"]
            embed_shard(shard, folder / shard.name, encoder, copies)
    return Shards(sorted(folder.glob("*.h5")))


def train_wavlm(frames: Shards, recordings: list[str], folder: Path) -> None:
    """Write a checkpoint (a folder) of a WavLM trained on the sound of ``recordings``, those of
    at least ``BINS``."""
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    long_enough = [one for one in recordings if frames.length(one) >= BINS]
    waves = [frames.read(one, "audio").astype(np.float32) for one in long_enough]
    mels = [log_mel(wave) for wave in waves]
    together = np.concatenate(mels)
    centres, _ = kmeans2(together, CLUSTERS, minit="++", seed=0)
    targets = [vq(mel, centres)[0] for mel in mels]
    network = WavLMModel(WavLMConfig(**NETWORK))
    head = torch.nn.Linear(NETWORK["hidden_size"], CLUSTERS)
    extractor = Wav2Vec2FeatureExtractor(sampling_rate=SAMPLE_RATE, do_normalize=True)
    parameters = [*network.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=5e-4, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-4, STEPS, pct_start=0.1)
    bar = progress(total=STEPS, label="WavLM", unit="step")
    for _ in range(STEPS):
        sound, wanted = [], []
        for place in generator.integers(len(waves), size=BATCH):
            start = generator.integers(len(targets[place]) - BINS + 1)
            sound.append(waves[place][start * HOP : (start + BINS) * HOP])
            wanted.append(targets[place][start : start + BINS])
        values = extractor(sound, sampling_rate=SAMPLE_RATE, return_tensors="pt")["input_values"]
        bins = int(network._get_feat_extract_output_lengths(values.shape[1]))
        starts = torch.rand(BATCH, bins) < 0.065
        hidden = torch.nn.functional.max_pool1d(
            torch.nn.functional.pad(starts.float(), (MASKED - 1, 0))[:, None], MASKED, 1
        )[:, 0].bool()
        states = network(values, mask_time_indices=hidden).last_hidden_state
        wanted = torch.from_numpy(np.stack(wanted))[:, :bins].long()
        loss = torch.nn.functional.cross_entropy(head(states[hidden]), wanted[hidden])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        bar.update()
        bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    bar.close()
    with atomic_path(folder) as temporary:
        network.eval().save_pretrained(temporary)
        extractor.save_pretrained(temporary)
