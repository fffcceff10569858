"""HDF5 files are read where locks are missing, held or forbidden, and the cause is named."""

import fcntl

import h5py
import numpy as np
import pytest

from s2r.core.errors import UserError
from s2r.core.hdf5 import open_hdf5
from s2r.core.media.open import MediaError
from s2r.corpus.usc75 import RECON
from s2r.corpus.volume_files import probe_volume


def recon_shape(path):
    found = probe_volume(path, RECON)
    return found.frames, found.height, found.width


@pytest.fixture
def recon(tmp_path):
    path = tmp_path / "recon.h5"
    with h5py.File(path, "w") as file:
        file["recon"] = np.zeros((3, 8, 6), np.complex64)
    return path


def test_a_lock_of_another_program_is_no_obstacle(recon):
    with open(recon, "rb+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert recon_shape(recon) == (3, 6, 8)
        with open_hdf5(recon) as file:
            assert list(file) == ["recon"]


def test_the_cause_is_named(tmp_path, monkeypatch):
    path = tmp_path / "new.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file["recon"] = np.zeros((3, 8, 6))
        file.flush()
        # What another process would see.
        (tmp_path / "open.h5").write_bytes(path.read_bytes())
    with pytest.raises(UserError, match="is open for writing in another program, or that"):
        open_hdf5(tmp_path / "open.h5")
    with pytest.raises(MediaError, match="unreadable: is open for writing"):
        recon_shape(tmp_path / "open.h5")
    assert recon_shape(path) == (3, 6, 8)
    (tmp_path / "cut.h5").write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match="damaged or was cut short"):
        open_hdf5(tmp_path / "cut.h5")
    with pytest.raises(MediaError, match="truncated"):
        recon_shape(tmp_path / "cut.h5")

    def refuse(number, text):
        def call(*_, **__):
            raise OSError(number, text)  # of the class that belongs to the number

        return call

    monkeypatch.setattr(h5py, "File", refuse(13, "Permission denied"))
    with pytest.raises(UserError, match=r"new\.h5 may not be read: change its permissions"):
        open_hdf5(path)
    # Locks that the user has demanded, on a file system that has none.
    monkeypatch.setattr(h5py, "File", refuse(37, "unable to lock file, errno = 37"))
    with pytest.raises(UserError, match="unset the environment variable HDF5_USE_FILE_LOCKING"):
        open_hdf5(path)
