"""The encoder interface, log-mel spectra and the embedding cache."""

import json
import subprocess
import sys
from dataclasses import asdict
from importlib.metadata import version

import numpy as np
import pytest

from helpers.sounds import noise
from s2r.config.build import build
from s2r.core.errors import UserError
from s2r.core.shards import Shards, write_shard
from s2r.preparation.embeddings import embed_shard
from s2r.preparation.recordings import RecordingSet
from s2r.speech.encoder import Encoder, EncoderConfig, check_layer, layer_name
from s2r.speech.load import load_encoder, save_encoder
from s2r.speech.logmel import log_mel


def test_log_mel_follows_the_clock():
    frame = 20
    click = np.zeros(16000, np.float32)
    click[320 * frame + 160] = 1.0
    level = log_mel(click).mean(axis=1)
    assert np.flatnonzero(level > -3).tolist() == [frame]

    edge = np.zeros(16000, np.float32)
    edge[320 * frame] = 1.0
    level = log_mel(edge).mean(axis=1)
    assert np.flatnonzero(level > -3).tolist() == [frame - 1, frame]
    np.testing.assert_allclose(level[frame - 1], level[frame], atol=0.05)


def test_log_mel_ignores_level_and_finds_the_band():
    time = np.arange(32000) / 16000
    sound = noise(32000) * 0.01
    sound[16000:] += 0.3 * np.sin(2 * np.pi * 1000 * time[16000:]).astype(np.float32)
    features = load_encoder(EncoderConfig("logmel")).encode(sound)
    assert features.shape == (100, 80)
    assert features.max() == 3
    assert features.min() >= -3
    np.testing.assert_allclose(log_mel(sound * 0.05), features, atol=1e-3)
    # Slaney's mel scale is linear below 1 kHz: 15 mel there, 45.245 mel at 8 kHz, 80 bands.
    assert abs(features[60:].mean(axis=0).argmax() - (15 / 45.245 * 81 - 1)) < 1


def test_silence_is_the_floor_of_log_mel():
    assert (log_mel(np.zeros(3200, np.float32)) == -3).all()


@pytest.mark.parametrize("samples", [320, 639, 640, 16001])
def test_log_mel_at_any_length(samples):
    encoder = load_encoder(EncoderConfig("logmel"))
    for waveform in (noise(samples), np.zeros(samples, np.float32)):
        embeddings = encoder.encode(waveform)
        assert embeddings.shape == (samples // 320, encoder.dimension)
        assert embeddings.dtype == np.float32
        assert np.isfinite(embeddings).all()


def test_sound_that_cannot_be_encoded_is_refused():
    encoder = load_encoder(EncoderConfig("logmel"))
    with pytest.raises(UserError, match="319 samples"):
        encoder.encode(noise(319))
    with pytest.raises(UserError, match="not numbers"):
        encoder.encode(np.full(640, np.nan, np.float32))
    with pytest.raises(ValueError, match="one axis"):
        encoder.encode(np.zeros((2, 640), np.float32))


CHECK = """
import sys
import s2r.speech.load
from s2r.core.registry import ENCODERS, extension_names, load_extension
from s2r.speech.encoder import EncoderConfig, EncoderFamily
for kind in extension_names(ENCODERS):
    family = load_extension(ENCODERS, kind, EncoderFamily)
    family.check(EncoderConfig(kind, model="some/model" if kind != "logmel" else None))
print({"torch", "torchaudio", "transformers"} & set(sys.modules))
"""


def test_checking_an_encoder_imports_nothing_heavy():
    result = subprocess.run(
        [sys.executable, "-c", CHECK], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize("layer", [-1, 13, "last", True, (2, 13), ("top", 2)])
def test_only_top_and_the_layers_of_a_model_are_layers(layer):
    with pytest.raises(UserError, match=r"m has no layer .*: use top, or a number from 0 to 12"):
        check_layer(layer, 12, "m")
    check_layer("top", 12, "m")
    check_layer(12, 12, "m")
    check_layer((0, 12), 12, "m")


def test_several_layers_go_through_the_files_of_a_model():
    config = EncoderConfig("whisper", layer=(2, 4))
    written = json.dumps(asdict(config))
    assert build(EncoderConfig, json.loads(written)) == config
    assert layer_name(config.layer) == "2+4"


@pytest.mark.parametrize("kind", ["mfcc", "logmel2", "x"])
def test_an_unknown_kind_names_the_known_ones(kind):
    with pytest.raises(UserError, match=r"Unknown encoder kind .*huggingface, logmel, whisper"):
        load_encoder(EncoderConfig(kind))


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (EncoderConfig("logmel", model="a/b"), "'logmel' takes no model"),
        (EncoderConfig("logmel", revision="main"), "'logmel' takes no revision"),
        (EncoderConfig("logmel", layer=0), "'logmel' takes no layer"),
        (EncoderConfig("huggingface"), "'huggingface' needs a model"),
        (EncoderConfig("whisper", revision="main"), "'whisper' has a revision but no model"),
    ],
)
def test_keys_that_do_not_fit_the_kind_are_refused(config, sentence, tmp_path):
    for call in (
        lambda: load_encoder(config),
        lambda: save_encoder(config, "weights", tmp_path),
    ):
        with pytest.raises(UserError, match=sentence):
            call()


def test_the_description_names_the_package():
    assert load_encoder(EncoderConfig("logmel")).describe()["package"] == f"s2r {version('s2r')}"


def write_frames(path, **samples_and_frames):
    items = (
        (name, {"frames": np.zeros((frames, 64, 64), np.uint8), "audio": noise(samples)}, {})
        for name, (samples, frames) in samples_and_frames.items()
    )
    write_shard(path, items, {})


def test_embeddings_of_a_shard_are_as_long_as_its_videos(tmp_path):
    frames, path = tmp_path / "frames.h5", tmp_path / "embeddings.h5"
    write_frames(frames, exact=(3200, 10), long=(3519, 10), more=(3520, 10), less=(3190, 10))
    encoder = load_encoder(EncoderConfig("logmel"))
    embed_shard(frames, path, encoder)
    shards = Shards([path])
    for recording in ("exact", "long", "more", "less"):
        embeddings = shards.read(recording, "embeddings")
        assert embeddings.shape == (10, 80)
        assert embeddings.dtype == np.float16
    expected = encoder.encode(noise(3520))[:10]
    np.testing.assert_allclose(shards.read("more", "embeddings"), expected, atol=5e-3)
    attributes = shards.attributes("more")
    assert {key: attributes[key] for key in encoder.describe()} == encoder.describe()


def test_changed_copies_are_embedded_too(tmp_path):
    frames, path = tmp_path / "frames.h5", tmp_path / "embeddings.h5"
    write_frames(frames, chosen=(3200, 10))
    encoder = load_encoder(EncoderConfig("logmel"))
    embed_shard(frames, path, encoder, copies=2)
    recordings = RecordingSet(Shards([frames]), embeddings=Shards([path]))
    copies = recordings.embedded_copies("chosen", 2)
    assert [copy.shape for copy in copies] == [(10, 80)] * 2
    assert not np.array_equal(copies[0], copies[1])
    np.testing.assert_allclose(
        recordings.embedded("chosen"), encoder.encode(noise(3200)), atol=5e-3
    )
    with pytest.raises(UserError, match="of chosen have fewer copies"):
        recordings.embedded_copies("chosen", 3)


def test_recordings_without_sound_are_not_embedded(tmp_path):
    frames, path = tmp_path / "frames.h5", tmp_path / "embeddings.h5"
    write_frames(frames, spoken=(3200, 10), silent=(0, 10))
    embed_shard(frames, path, load_encoder(EncoderConfig("logmel")))
    shards = Shards([path])
    assert shards.recordings == ["spoken"]
    with pytest.raises(UserError, match=r"recording silent is not in .* \(it has no sound\)"):
        shards.read("silent", "embeddings")


@pytest.mark.parametrize(
    ("samples", "value", "sentence"),
    [
        (640, 0.0, "the sound fills 2 frames but the video has 10"),
        (3200, np.nan, "not finite or beyond 65504"),
        (3200, 1e5, "not finite or beyond 65504"),
    ],
)
def test_a_recording_that_does_not_fit_is_named(tmp_path, samples, value, sentence):
    frames, path = tmp_path / "frames.h5", tmp_path / "embeddings.h5"
    write_frames(frames, sub001_2drt_08_topic1=(samples, 10))
    encoder = Encoder(3, {}, lambda wave: np.full((len(wave) // 320, 3), value, np.float32))
    with pytest.raises(UserError, match=f"sub001_2drt_08_topic1 in .*frames.h5: .*{sentence}"):
        embed_shard(frames, path, encoder)
    assert not path.exists()
