"""Arrays of frames in MATLAB and HDF5 files are read as videos."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from helpers.films import encode
from s2r.config.data_blocks import FolderBlock, VolumesBlock
from s2r.core.errors import UserError
from s2r.core.media.encode import write_wav
from s2r.core.media.open import MediaError
from s2r.corpus import volume_files
from s2r.corpus.films import film_sound, probe_film, read_film
from s2r.corpus.folder import nothing_found
from s2r.corpus.index import index_corpus
from s2r.preparation.frames import FramesConfig, prepare_recording

RNG = np.random.default_rng(0)
FRAMES = RNG.integers(0, 4000, (40, 12, 16)).astype(np.uint16)
"""(T, H, W): no two axes of equal length."""
SQUARE = FRAMES[:, :, :12]


def seven_three(path, **variables):
    """A file as MATLAB writes it with -v7.3: HDF5 after 512 bytes, the axes turned round."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in variables.items():
            file[name] = np.asarray(array).T
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return path


def matlab_five(path, **variables):
    savemat(path, variables, do_compression=True)
    return path


def hdf5(path, attributes=(), **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
        file.attrs.update(dict(attributes))
    return path


def ismrmrd(path, images, header_only=False):
    """Images as the standard lays them out: (N, channels, z, y, x), and a header for each."""
    header = np.zeros(len(images), [("version", "u2"), ("matrix_size", "u2", 3)])
    with h5py.File(path, "w") as file:
        group = file.create_group("dataset/image_0")
        group["header"] = header
        group["attributes"] = ["<ismrmrdMeta/>"] * len(images)
        file["dataset/xml"] = ["<ismrmrdHeader/>"]
        if header_only:
            file["dataset/data"] = np.zeros(9, [("head", "u2"), ("data", "f4", 4)])
        else:
            group["data"] = images
    return path


WRITTEN = {
    "matlab 5, time last": lambda p: matlab_five(
        p / "a.mat", film=FRAMES.transpose(1, 2, 0), fps=50.0
    ),
    "matlab 7.3, time last": lambda p: seven_three(
        p / "a.mat", film=FRAMES.transpose(1, 2, 0), frame_rate=50.0
    ),
    "hdf5, time first": lambda p: hdf5(p / "a.h5", {"frame_rate": 50}, film=FRAMES),
    "hdf5, a number beside": lambda p: hdf5(p / "a.hdf5", **{"x/film": FRAMES, "x/fps": 50}),
    "hdf5, among contours": lambda p: hdf5(
        p / "a.h5", {"fps": 50}, film=FRAMES, tongue=np.zeros((40, 90, 2)), mean=FRAMES[0]
    ),
    "hdf5, known name": lambda p: hdf5(p / "a.h5", {"fps": 50}, mask=FRAMES > 9, video=FRAMES),
}


@pytest.mark.parametrize("written", WRITTEN)
def test_axes_and_rate_are_found(tmp_path, written):
    path = WRITTEN[written](tmp_path)
    about = probe_film(path)
    assert (about.frames, about.height, about.width) == FRAMES.shape
    assert (about.frame_rate, about.video_seconds) == (50, 0.8)
    frames, rate = read_film(path)
    np.testing.assert_array_equal(frames, FRAMES)
    assert rate == 50


@pytest.mark.parametrize("write", [matlab_five, seven_three, hdf5])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (1, 0, 2)])
def test_equal_axes_are_the_picture_wherever_time_is(tmp_path, write, order):
    path = write(tmp_path / ("a.h5" if write is hdf5 else "a.mat"), film=SQUARE.transpose(order))
    frames, rate = read_film(path, volumes=VolumesBlock(frame_rate=23.18))
    np.testing.assert_array_equal(frames, SQUARE)
    assert float(rate) == 23.18


def test_the_configuration_wins(tmp_path):
    path = hdf5(tmp_path / "a.h5", {"fps": 50}, one=FRAMES, two=FRAMES.transpose(2, 1, 0) + 1)
    with pytest.raises(MediaError, match=r"several arrays .*/one 40 x 12 x 16, /two 16 x 12 x 40"):
        probe_film(path)
    chosen = VolumesBlock(dataset="/two", axes="wht", frame_rate=10)
    frames, rate = read_film(path, volumes=chosen)
    np.testing.assert_array_equal(frames, FRAMES + 1)
    assert rate == 10
    with pytest.raises(MediaError, match=r"no array /three .*correct corpus.folder"):
        probe_film(path, replace(chosen, dataset="three"))


def test_images_of_ismrmrd(tmp_path):
    complex_pairs = np.zeros((40, 1, 1, 12, 16), [("real", "f4"), ("imag", "f4")])
    complex_pairs["real"], complex_pairs["imag"] = 3, 4
    rate = VolumesBlock(frame_rate=55)
    frames, _ = read_film(ismrmrd(tmp_path / "a.mrd", complex_pairs), volumes=rate)
    assert frames.shape == FRAMES.shape
    assert (frames == 5).all()
    with pytest.raises(MediaError, match="has 4 axes longer than 1: save time, height and width"):
        probe_film(
            ismrmrd(tmp_path / "b.mrd", np.zeros((40, 3, 1, 12, 16))),
            VolumesBlock(dataset="dataset/image_0/data"),
        )
    with pytest.raises(MediaError, match="no array of time, height and width"):
        probe_film(ismrmrd(tmp_path / "c.mrd", np.zeros(40), header_only=True), rate)


def test_values_of_any_kind(tmp_path):
    """Complex, negative, tiny and missing ones."""
    film = (FRAMES - 2000.0) * 1e-9
    film[3, 2, 2] = np.nan
    path = matlab_five(tmp_path / "a.mat", film=(film * 1j).transpose(1, 2, 0), fps=50)
    frames, _ = read_film(path)
    expected = np.nan_to_num(np.abs(film))
    np.testing.assert_allclose(frames, expected, rtol=1e-6)
    path = hdf5(tmp_path / "a.h5", {"fps": 50}, film=film)
    row = {"video": str(path), "audio": ""}
    levels = prepare_recording(row, FramesConfig(size=16), VolumesBlock())["frames"]
    assert (levels.min(), levels.max()) == (0, 255)
    film[7] = np.nan
    path = hdf5(tmp_path / "a.h5", {"fps": 50}, film=film)
    with pytest.raises(MediaError, match=r"its frame 7 .* holds no numbers"):
        read_film(path)


REFUSED = {
    "no rate": (lambda p: hdf5(p, film=FRAMES), "unreadable: it does not say how many frames"),
    "no number": (lambda p: hdf5(p, {"fps": -1}, film=FRAMES), "its fps is no number of frames"),
    "a text": (lambda p: hdf5(p, {"fps": "25"}, film=FRAMES), "its fps is no number of frames"),
    "pictures": (lambda p: hdf5(p, film=FRAMES[0]), "no array of time, height and width"),
    "nothing": (lambda p: hdf5(p, film=FRAMES[:0], fps=50), "no array of time, height"),
    "cut": (lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(90)), "truncated: not a whole"),
    "missing": (lambda p: None, "missing: there is no such file"),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_one_sentence_says_what_does_not_fit(tmp_path, wrong):
    write, sentence = REFUSED[wrong]
    write(tmp_path / "a.h5")
    with pytest.raises(MediaError, match=sentence):
        probe_film(tmp_path / "a.h5")


@pytest.mark.parametrize("kept", [3, 100, 200, 2000])
def test_a_matlab_file_that_was_cut_is_named(tmp_path, kept):
    path = matlab_five(tmp_path / "a.mat", film=FRAMES.transpose(1, 2, 0), fps=50.0)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(MediaError, match=r"a.mat: (truncated|unreadable): "):
        read_film(path)


def test_no_link_leads_to_another_file(tmp_path):
    other = hdf5(tmp_path / "other.h5", film=FRAMES)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["film"] = h5py.ExternalLink(str(other), "film")
        layout = h5py.VirtualLayout(FRAMES.shape, FRAMES.dtype)
        layout[:] = h5py.VirtualSource(str(other), "film", FRAMES.shape)
        file.create_virtual_dataset("video", layout)
    with pytest.raises(MediaError, match=r"no array of time.*\(its arrays of numbers: none\)"):
        probe_film(tmp_path / "a.h5")


def test_a_long_array_is_read_in_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(volume_files, "BLOCK_BYTES", 8 * 12 * 16 * 7)
    path = hdf5(tmp_path / "a.h5", {"fps": 50}, film=FRAMES)
    lengths = []
    frames, _ = read_film(path, lambda block: lengths.append(len(block)) or block[:, ::2, ::2])
    np.testing.assert_array_equal(frames, FRAMES[:, ::2, ::2])
    assert lengths == [7, 7, 7, 7, 7, 5]


def test_a_folder_of_arrays_is_a_corpus(tmp_path):
    for subject, suffix in (("anna", "mat"), ("ben", "h5")):
        (tmp_path / subject).mkdir()
        write = matlab_five if suffix == "mat" else hdf5
        film = FRAMES.transpose(1, 2, 0) if suffix == "mat" else FRAMES
        write(tmp_path / subject / f"rainbow.{suffix}", film=film, fps=50.0)
    sound = 0.1 * RNG.standard_normal(16_000 * 8 // 10)
    write_wav(tmp_path / "anna/rainbow.wav", sound, 16_000)
    files = FolderBlock(suffixes=(".mat", ".h5"))
    spoken, silent = index_corpus("folder", tmp_path, files=files).to_dict("records")
    assert (spoken["status"], spoken["frames"], spoken["frame_rate"]) == ("ok", 40, 50)
    assert spoken["audio"].endswith("anna/rainbow.wav")
    assert silent["reason"].startswith("no audio: rainbow.h5 has no sound and there is no wav")
    used = index_corpus("folder", tmp_path, files=files, use_silent=True)
    assert list(used["status"]) == ["ok", "ok"]
    made = prepare_recording(spoken, FramesConfig(size=16), files.volumes)
    assert (made["frames"].shape, len(made["audio"])) == ((40, 16, 16), 40 * 320)
    heard, rate = film_sound(tmp_path / "anna/rainbow.mat")
    assert (len(heard), rate) == (len(sound), 16_000)
    assert film_sound(tmp_path / "ben/rainbow.h5") is None


def test_a_folder_of_nothing_else_says_how_to_read_arrays(tmp_path):
    matlab_five(tmp_path / "a.mat", film=FRAMES)
    error = nothing_found(tmp_path, (".mp4",))
    assert isinstance(error, UserError)
    assert str(error).endswith("are read where corpus.folder.suffixes has .mat.")


def test_films_of_usc_timit_are_found(tmp_path):
    """Its distribution has AVI files, of which the sound is in the file or beside it."""
    name = tmp_path / "usctimit_mri_m1_001_005.avi"
    encode(name, "mpeg4", range(25))
    write_wav(name.with_suffix(".wav"), 0.1 * RNG.standard_normal(16_000), 16_000)
    encode(tmp_path / "usctimit_mri_f2_a.avi", "mjpeg", range(1, 26))
    pattern = "usctimit_mri_(?P<subject>[a-z]+[0-9]+)_(?P<stimulus>.+)"
    found = index_corpus("folder", tmp_path, files=FolderBlock(pattern=pattern), use_silent=True)
    about = found.set_index("subject")
    assert list(about["status"]) == ["ok", "ok"]
    assert about.loc["m1", "audio"].endswith(".wav")
    assert (about.loc["m1", "stimulus"], about.loc["m1", "frames"]) == ("001_005", 25)
    assert about.loc["f2", "silent"].startswith("no audio")
