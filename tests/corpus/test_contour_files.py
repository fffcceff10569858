"""Contours that users traced: every format gives the same, and what is wrong is said."""

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from s2r.core.errors import UserError
from s2r.corpus.contour_files import read_contours

TRACED = {
    "anna_rainbow": {
        "tongue": {
            3: np.array([[1.5, 2.0], [3.0, 4.5], [5.0, 6.0]]),
            4: np.array([[2.0, 2.5]] * 3),
        },
        "velum": {0: np.array([[7.0, 8.0], [9.0, 1.0], [4.0, 4.0]])},
    },
    "ben_rainbow": {"tongue": {10: np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.5]])}},
}


def rows_of(traced, recording):
    return [
        {"frame": frame, "articulator": articulator, "x": x, "y": y}
        for articulator, frames in traced[recording].items()
        for frame, points in frames.items()
        for x, y in points
    ]


def arrays_of(articulators, count=12):
    """Arrays over all frames, NaN where nothing is traced."""
    arrays = {}
    for articulator, frames in articulators.items():
        arrays[articulator] = np.full((count, 3, 2), np.nan)
        for frame, points in frames.items():
            arrays[articulator][frame] = points
    return arrays


def same(read, traced=TRACED):
    assert read.keys() == traced.keys()
    for recording, articulators in traced.items():
        assert read[recording].keys() == articulators.keys()
        for articulator, frames in articulators.items():
            assert read[recording][articulator].keys() == frames.keys()
            for frame, points in frames.items():
                np.testing.assert_allclose(read[recording][articulator][frame], points)


def write_table(folder):
    table = pd.concat(
        pd.DataFrame(rows_of(TRACED, recording)).assign(recording=recording.replace("_", "/"))
        for recording in TRACED
    )
    table.to_csv(folder / "all.csv", index=False)


def write_tables(folder):
    for recording in TRACED:
        subject, stimulus = recording.split("_")
        (folder / subject).mkdir()
        pd.DataFrame(rows_of(TRACED, recording)).to_csv(folder / subject / f"{stimulus}.csv")


def write_matlab(folder):
    for recording, articulators in TRACED.items():
        savemat(folder / f"{recording}.mat", arrays_of(articulators))


def write_struct(folder):
    savemat(folder / "all.mat", {name: arrays_of(parts) for name, parts in TRACED.items()})


def write_matlab_7_3(folder):
    path = folder / "all.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for recording, articulators in TRACED.items():
            for name, array in arrays_of(articulators).items():
                file[f"{recording}/{name}"] = array.T
    content = bytearray(path.read_bytes())
    content[:10] = b"MATLAB 7.3"
    path.write_bytes(content)


def write_hdf5(folder):
    """Only the traced frames, numbered."""
    with h5py.File(folder / "all.h5", "w") as file:
        for recording, articulators in TRACED.items():
            numbers = sorted({frame for frames in articulators.values() for frame in frames})
            file[f"{recording}/frames"] = np.array(numbers)[::-1]
            for name, array in arrays_of(articulators).items():
                file[f"{recording}/{name}"] = array[numbers][::-1]


WRITERS = (write_table, write_tables, write_matlab, write_struct, write_matlab_7_3, write_hdf5)


@pytest.mark.parametrize("write", WRITERS)
def test_every_format_gives_the_same(write, tmp_path):
    write(tmp_path)
    same(read_contours(tmp_path, known=TRACED))


def refused(folder, known=()):
    with pytest.raises(UserError) as caught:
        read_contours(folder, known)
    sentence = str(caught.value)
    assert "\n" not in sentence and str(folder) in sentence
    return sentence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("frame,articulator,x\n1,tongue,2\n", "there is no column y"),
        ("frame,articulator,x,y\n1,tongue,2,a\n", "line 2: y is 'a', which is no number"),
        ("frame,articulator,x,y\n1,tongue,2,inf\n", "line 2: y is 'inf'"),
        ("frame,articulator,x,y\n1,tongue,2,3\n1.5,tongue,2,3\n", "line 3: frame is '1.5'"),
        ("", "it is damaged, or another file"),
        ('frame,articulator,x,y\n1,"tongue,2,3\n', "it is damaged, or another file"),
    ],
)
def test_wrong_tables(text, said, tmp_path):
    (tmp_path / "a.csv").write_text(text)
    assert said in refused(tmp_path)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"tongue": np.zeros((4, 3))}, "of shape (4, 3), and must be numbers of shape"),
        ({"tongue": np.zeros((4, 2, 3))}, "must be numbers of shape (frames, points, 2)"),
        ({"tongue": np.zeros((4, 3, 2)), "frames": np.arange(3)}, "has 4 frames and frames 3"),
        ({"tongue": np.zeros((2, 3, 2)), "frames": np.array([1, 1])}, "names a frame twice"),
        ({"tongue": np.zeros((2, 3, 2)), "frames": np.array([1, 1.5])}, "one whole number"),
    ],
)
@pytest.mark.parametrize("suffix", [".mat", ".h5"])
def test_wrong_arrays(arrays, said, suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    if suffix == ".mat":
        savemat(path, arrays)
    else:
        with h5py.File(path, "w") as file:
            file.update(arrays)
    assert said in refused(tmp_path)


def test_wrong_files(tmp_path):
    assert "there is no such file" in refused(tmp_path / "none")
    assert "holds no contours" in refused(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    assert "read from .csv, .mat, .h5, .hdf5 only" in refused(tmp_path / "a.txt")
    for name in ("a.mat", "a.h5"):
        (tmp_path / name).write_bytes(b"MATLAB 7.3 and then nothing")
        assert "damaged, or another file" in refused(tmp_path / name)


def test_one_contour_in_two_files(tmp_path):
    write_table(tmp_path)
    write_hdf5(tmp_path)
    assert "another file has contours of tongue in anna_rainbow too" in refused(tmp_path)
