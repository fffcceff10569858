"""Damaged data, settings and model folders: read, or refused in a sentence, and nothing worse.

Of the mutants of HDF5, JSON, CSV, npz and model folders a few are read here, 2,000 of each in
pytest tests/core/test_data_fuzz.py -m slow
"""

import json
from collections import Counter

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from helpers.rating_folder import write_rating_folder
from helpers.repository import HELPERS
from helpers.survey import survey
from helpers.tiny_corpus import write_tiny_corpus
from helpers.tiny_model import write_tiny_model
from helpers.truth_file import write_truth_file
from s2r.core.checksums import record
from s2r.core.shards import write_shard
from s2r.corpus.index import DTYPES
from s2r.evaluation.phones.recogniser import Recogniser, save_recogniser
from s2r.evaluation.words.segments import COLUMNS
from s2r.generation.generated_file import GeneratedWriter

WORKER = HELPERS / "data_fuzz_worker.py"
PATIENCE = 60
"""Seconds after which a mutant has stopped the reader."""
MEGABYTES = 500
"""By which one mutant may raise the memory; the files have 0.1 MB."""
TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

0 1 <exists> 1
"IntervalTier" "phones" 0 1 2
0 0.5 "T"
0.5 1 "AA1"
"""
KINDS = ("hdf5", "json", "csv", "npz", "model")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder of small valid files for each kind."""
    folder, rng = tmp_path_factory.mktemp("fuzz") / "files", np.random.default_rng(0)
    folder.mkdir()
    for kind in KINDS:
        (folder / kind).mkdir()
    hdf5, text, tables, arrays, model = (folder / kind for kind in KINDS)
    video = rng.integers(0, 256, (24, 16, 16), np.uint8)

    with h5py.File(hdf5 / "recon.h5", "w") as file:
        file["recon"] = video[:, :12].astype(np.complex64)
    savemat(hdf5 / "volume.mat", {"film": video.transpose(1, 2, 0), "fps": 50.0})
    line = rng.normal(size=(5, 38, 2))
    write_truth_file(hdf5 / "truth.h5", np.arange(5) / 9, line, line, [("AA", 0.0, 0.4)])
    with GeneratedWriter(hdf5 / "generated.h5", system="a", kind="model") as writer:
        writer.rollout("r", video[None], None, video[None], "other")
        writer.clips("r", [10], video[None, None, :10])
    record([hdf5 / "generated.h5"])
    for place in (hdf5, text):
        write_shard(place / "shard.h5", [("r", {"frames": video}, {"rate": 50})], {"size": 16})

    notes = {"sub001": {"task": [{"prefix": "sub001_2drt_01_vcv1_r1", "note": "artifact"}]}}
    (text / "metafile.json").write_text(json.dumps(notes, indent=1))
    scores = {"system": "a", "kind": "model", "encoder": "", "size": "", "pooling": "", "sets": {}}
    (text / "scores.json").write_text(json.dumps(scores | {"preset": "", "estimate": "draw"}))

    write_tiny_corpus(tmp_path_factory.mktemp("corpus")).split.to_csv(
        tables / "split.csv", index=False
    )
    row = {name: "a" if kind == "str" else 1 for name, kind in DTYPES.items()}
    pd.DataFrame([row] * 3).to_csv(tables / "recordings.csv", index=False)
    pd.DataFrame([["a"] * 8 + [0.5, 1.5, "a"]] * 3, columns=COLUMNS).to_csv(
        tables / "segments.csv", index=False
    )
    times = {"recording": "a", "source": "truth", "label": "T", "start": 0.5, "end": 1.5}
    pd.DataFrame([times | {"word": "at", "kind": "word", "item": 1}] * 3).to_csv(
        tables / "phone_times.csv", index=False
    )
    (tables / "recording.TextGrid").write_text(TEXTGRID)
    write_rating_folder(tables / "rating")

    np.savez(arrays / "region.npz", region=video[0] > 99, cells=np.arange(4))
    names = {"u.features": line[0], "u.recordings": np.array(["r"] * 38), "sha256": np.array("0")}
    np.savez(arrays / "features.npz", **names, **{"u.starts": np.arange(38)})
    write_tiny_model(model / "model")
    save_recogniser(Recogniser(), model / "phones.safetensors")
    return folder


def assert_harmless(results: list[dict]) -> None:
    bad = [one for one in results if one["status"] not in ("ok", "refused")]
    bad += [one for one in results if not one["reason"].isprintable()]
    bad += [one for one in results if one["megabytes"] > MEGABYTES]
    print(Counter((one["file"], one["status"]) for one in results if "file" in one))
    assert not bad, "\n".join(str(one)[:400] for one in bad[:20])
    # Mutants that are all read, or all refused, would show nothing.
    assert {one["status"] for one in results} == {"ok", "refused"}


def test_a_few_mutants_of_all_kinds(files):
    results = survey(WORKER, [files], 0, 160, PATIENCE)
    assert [one["mutant"] for one in results] == [*range(160)]
    assert_harmless(results)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_two_thousand_mutants_of_each_kind(files, kind):
    assert_harmless(survey(WORKER, [files / kind], 0, 2000, PATIENCE))
