"""Checkpoints of speech models in the format of transformers, as folders and as the hub's cache."""

import os
import shutil
from pathlib import Path

from transformers import AutoModel, PretrainedConfig, Wav2Vec2FeatureExtractor

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SMALLEST = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
"""Sizes of a model of the wav2vec 2.0 family that takes no time."""


def write_smallest(folder: Path, config: type[PretrainedConfig]) -> Path:
    """A checkpoint of the family of ``config`` with random weights; the path of ``folder``."""
    AutoModel.from_config(config(**SMALLEST)).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


def hub_cache(home: Path, checkpoint: Path) -> dict[str, str]:
    """The environment of a process without network whose cache has ``someone/tiny``.

    That is the folder ``checkpoint``, as its branch ``main`` at ``COMMIT``.
    """
    cache = home / "hub" / "models--someone--tiny"
    shutil.copytree(checkpoint, cache / "snapshots" / COMMIT)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(COMMIT)
    environment = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    environment.pop("HF_HUB_CACHE", None)
    return environment
