"""Live video: pieces of sound, the frames that can be shown, the delay."""

import base64
import io
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from helpers.sounds import voice
from helpers.tiny_model import heads, write_tiny_model
from s2r.apps.studio.live import (
    AHEAD,
    BEFORE,
    Heard,
    about,
    add_sound,
    delay,
    live_model,
    moving_picture,
    next_frames,
)
from s2r.generation.model_folder import load_model_folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model_folder(write_tiny_model(tmp_path_factory.mktemp("m") / "tiny"))


def test_every_frame_is_shown_once_and_memory_is_bounded(model):
    sound = voice(8.0)
    heard, shown = Heard(), 0
    # as browsers send it: pieces of uneven lengths
    for start, stop in pairwise((0, 16_001, 30_000, 48_777, 90_000, 128_000)):
        heard = add_sound(heard, 16_000, sound[start:stop])
        heard, frames = next_frames(heard, model, heads()["sub001"])
        assert frames.shape[1:] == (16, 16)
        shown += len(frames)
        assert shown == stop // 320 - round(AHEAD * 50)
        assert len(heard.samples) <= (BEFORE + 3) * 16_000
    again, none = next_frames(heard, model, heads()["sub001"])
    assert len(none) == 0
    assert again.waiting == heard.waiting


def test_sound_comes_in_any_form():
    tone = 0.5 * np.sin(np.arange(48_000) / 20)
    whole = (tone * 32_767).astype(np.int16)
    for piece in (whole, np.stack([whole, whole], 1), tone.astype(np.float32)):
        heard = add_sound(Heard(), 48_000, piece)
        assert heard.samples.dtype == np.float32
        assert len(heard.samples) == 16_000
        assert heard.waiting == 50
        assert np.abs(heard.samples).max() == pytest.approx(0.5, abs=0.02)


def test_the_picture_moves_once_at_50_hz():
    frames = (np.arange(4)[:, None, None] * 60 + np.zeros((4, 8, 8))).astype(np.uint8)
    data = base64.b64decode(moving_picture(frames).split("base64,")[1].split('"')[0])
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.n_frames == 4
        assert picture.info["duration"] == 20
        assert "loop" not in picture.info
        picture.seek(3)
        assert np.asarray(picture.convert("L")).mean() == pytest.approx(180, abs=3)


def test_the_page_says_what_a_model_costs(model):
    def with_encoder(kind):
        return SimpleNamespace(
            encoder=SimpleNamespace(description={"kind": kind}), model=SimpleNamespace(reach=50)
        )

    models = {"w": with_encoder("whisper"), "l": with_encoder("logmel")}
    assert live_model(models) == "l"
    assert live_model({"w": models["w"]}) == "w"
    assert "not causal" in about("w", models["w"])
    assert "s2r export logmel" in about("w", models["w"])
    assert "not causal" not in about("l", models["l"])
    assert "up to 1.0 s ahead" in about("l", models["l"])
    assert "1250 ms after it was said" in delay(0.05)
    assert "too slow" not in delay(0.05)
    assert "too slow" in delay(1.2)
