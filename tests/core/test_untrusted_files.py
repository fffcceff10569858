"""Files that somebody else may have put there: read as data, never run."""

import json
import pickle
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import HubertConfig, HubertModel

from helpers.hub import write_smallest
from helpers.repository import ROOT
from s2r.core.errors import UserError
from s2r.core.files import sha256_of
from s2r.evaluation.clip_features import read_real_features
from s2r.evaluation.instruments import read_instruments
from s2r.evaluation.metrics import i3d, i3d_weights
from s2r.generation.model_folder import load_model_folder
from s2r.model.recurrent import load_recurrent
from s2r.model.window_model import load_model
from s2r.speech import huggingface
from s2r.speech.encoder import EncoderConfig
from s2r.speech.load import load_encoder
from s2r.speech.whisper import WHISPER_TINY_EN
from s2r.training.checkpoints import read_state


class Touch:
    """Its pickle makes a file when it is loaded without care."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.fixture(params=["pickle", "torch"])
def evil(request, tmp_path):
    """``evil(path)`` writes a file whose loading would make another one; none may be there."""
    mark = tmp_path / "mark"

    def write(path: Path) -> Path:
        if request.param == "pickle":
            path.write_bytes(pickle.dumps(Touch(mark), protocol=2))
        else:
            torch.save({"model": Touch(mark)}, path)
        return path

    yield write
    assert not mark.exists()
    pickle.loads(pickle.dumps(Touch(mark))).close()
    assert mark.exists(), "the file must be one that does harm"


def refused(error, path: Path) -> None:
    sentence = str(error.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


def test_state_of_a_training(evil, tmp_path):
    path = evil(tmp_path / "state.pt")
    with pytest.raises(UserError) as error:
        read_state(path, "cpu")
    refused(error, path)
    state = {"model": {"a": torch.ones(2)}, "seen": 3, "curve": [{"loss": 0.5}]}
    torch.save(state, path)
    assert read_state(path, "cpu")["curve"] == state["curve"]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="damaged or was not written by a training"):
        read_state(path, "cpu")


@pytest.mark.parametrize("load", [load_model, load_recurrent])
def test_models(evil, tmp_path, load):
    path = evil(tmp_path / "model.safetensors")
    with pytest.raises(UserError, match="not a readable model file"):
        load(path)


def test_arrays_between_jobs(evil, tmp_path):
    path = evil(tmp_path / "region.npz")
    for read in (lambda: read_instruments(path, None), lambda: read_real_features(path)):
        with pytest.raises(UserError) as error:
            read()
        refused(error, path)
    np.savez(path, region=np.array([Touch(tmp_path / "mark")], object), cells=np.zeros(1))
    with pytest.raises(UserError, match="allow_pickle"):
        read_instruments(path, None)


@pytest.mark.parametrize("name", ["i3d.ckpt", "i3d.pt", "i3d.safetensors"])
def test_weights_of_i3d(evil, tmp_path, name, monkeypatch):
    path = evil(tmp_path / name)
    with pytest.raises(UserError) as error:
        i3d.load_i3d(path)
    refused(error, path)
    # Even if its checksum were the right one.
    monkeypatch.setattr(i3d_weights, "PICKLE_SHA256", sha256_of(path))
    with pytest.raises(UserError, match="no file of I3D weights that can be read"):
        i3d.load_i3d(path)


def test_the_pickle_of_i3d_may_name_three_things():
    assert sorted(i3d_weights._ArrayUnpickler.allowed) == [
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy.core.multiarray", "_reconstruct"),
    ]


def test_torchscript_is_a_program_and_not_run(tmp_path):
    class Writes(torch.nn.Module):
        def forward(self, x: torch.Tensor, path: str):
            torch.save(x, path)
            return x

    path = tmp_path / "i3d.pt"
    torch.jit.script(Writes()).save(path)
    torch.jit.load(path)(torch.ones(1), str(tmp_path / "mark"))
    assert (tmp_path / "mark").exists(), "TorchScript can write files"
    with pytest.raises(UserError, match=r"i3d\.pt: this is TorchScript, a program; accepted are"):
        i3d.load_i3d(path)


def test_weights_of_whisper(evil, tmp_path):
    evil(tmp_path / WHISPER_TINY_EN.file_name)
    with pytest.raises(UserError, match="must have the sha256"):
        load_encoder(EncoderConfig("whisper"), str(tmp_path))


def test_model_folder(evil, tmp_path):
    evil(tmp_path / "config.yaml")
    with pytest.raises(UserError, match=r"config\.yaml"):
        load_model_folder(tmp_path)
    mark = tmp_path / "mark"
    (tmp_path / "config.yaml").write_text(f"!!python/object/apply:builtins.open ['{mark}', 'w']\n")
    with pytest.raises(UserError, match="not readable YAML"):
        load_model_folder(tmp_path)


@pytest.fixture(scope="module")
def hub_folder(tmp_path_factory):
    """A small HuBERT with its weights in safetensors."""
    return write_smallest(tmp_path_factory.mktemp("hub"), HubertConfig)


def test_checkpoint_of_the_hub(evil, hub_folder, tmp_path):
    folder = shutil.copytree(hub_folder, tmp_path / "hub")
    weights = HubertModel.from_pretrained(folder).state_dict()
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    huggingface.load(str(folder), None, "top", "cpu")  # as older checkpoints have them
    evil(folder / "pytorch_model.bin")
    for call in (
        lambda: huggingface.load(str(folder), None, "top", "cpu"),
        lambda: huggingface.save(str(folder), None, tmp_path / "saved"),
    ):
        with pytest.raises(UserError, match="holds more than weights, or is damaged") as error:
            call()
        assert "\n" not in str(error.value)


def test_a_checkpoint_that_brings_code(hub_folder, tmp_path):
    folder = shutil.copytree(hub_folder, tmp_path / "hub")
    mark = tmp_path / "mark"
    (folder / "evil.py").write_text(f"open({str(mark)!r}, 'w')\n")
    config = json.loads((folder / "config.json").read_text())
    for model_type in ("hubert", "unheard-of"):
        config |= {"model_type": model_type}
        config["auto_map"] = {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}
        (folder / "config.json").write_text(json.dumps(config))
        if model_type == "hubert":  # the class of that name in transformers itself
            huggingface.load(str(folder), None, "top", "cpu")
        else:
            with pytest.raises(UserError, match="could not be loaded"):
                huggingface.load(str(folder), None, "top", "cpu")
        assert not mark.exists()


UNSAFE = {
    r"torch\.load\((?!.*weights_only=True)": "torch.load without weights_only=True",
    r"torch\.jit\.load": "TorchScript",
    r"\bpickle\.loads?\(|read_pickle|\bjoblib\b|\bshelve\b|\bmarshal\b": "a pickle",
    r"allow_pickle=True|weights_only=False|trust_remote_code=True": "an option that runs code",
    r"yaml\.(load|unsafe_load|full_load)\(": "YAML that builds objects",
    r"shell=True|os\.system|os\.popen|\beval\(|\bexec\(": "a shell, or code from text",
}


def test_no_source_file_loads_what_could_run():
    found = []
    for folder in ("src", "workflow", "benchmarks"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".smk") or path.name == "Snakefile":
                for pattern, what in UNSAFE.items():
                    code = path.read_text().replace(".eval(", "")  # of a torch module
                    found += [f"{path}: {what}" for _ in re.finditer(pattern, code)]
    assert not found
    bare = next(iter(UNSAFE))
    assert re.search(bare, "torch.load(path)")
    assert not re.search(bare, "torch.load(path, weights_only=True)")
