"""Fetching the corpus, against a server on this machine that misbehaves as asked."""

import hashlib
import io
import json
import shutil
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from s2r.core.errors import UserError
from s2r.corpus import metafile
from s2r.corpus.download import RemoteFile, download_corpus, fetch, read_record
from s2r.corpus.unpack import unpack
from s2r.corpus.usc75 import ARCHIVE

CONTENT = bytes(range(256)) * 12_000  # 3 MB: several reads
TOP = ARCHIVE.removesuffix(".zip")
VIDEO = "sub001/2drt/video/sub001_2drt_01_vcv1_r1_video.mp4"


def archive(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def server(monkeypatch):
    """``files`` {path: bytes}; ``cuts``: bytes after which answers break off, in order."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    state = SimpleNamespace(files={}, cuts=[], ranges=True, status=None, asked=[])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            state.asked.append((self.path, wanted))
            content = state.files.get(self.path)
            if content is None or state.status:
                self.send_error(state.status or 404)
                return
            start = int(wanted[6:-1]) if wanted and state.ranges else 0
            body = content[start:]
            self.send_response(206 if wanted and state.ranges else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: state.cuts.pop(0)] if state.cuts else body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        state.url = f"http://127.0.0.1:{httpd.server_port}"
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        httpd.shutdown()
        thread.join()


def offer(server, name="a.bin", content=CONTENT, **changes):
    server.files[f"/{name}"] = content
    about = {"size": len(content), "md5": hashlib.md5(content).hexdigest()}
    return RemoteFile(**{"name": name, "url": f"{server.url}/{name}"} | about | changes)


def put_record(server, *files):
    listed = [
        {"name": f.name, "size": f.size, "computed_md5": f.md5, "download_url": f.url}
        for f in files
    ]
    server.files["/record"] = json.dumps({"files": listed}).encode()
    return f"{server.url}/record"


def test_a_file_arrives_whole_and_is_not_fetched_twice(server, tmp_path):
    file = offer(server)
    for _ in range(2):
        fetch(file, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]
    assert server.asked == [("/a.bin", None)]


def test_a_killed_download_goes_on_where_it_was(server, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1_000_000])
    fetch(offer(server), tmp_path / "a.bin")
    assert server.asked == [("/a.bin", "bytes=1000000-")]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_connections_that_break_off_are_taken_up_again(server, tmp_path):
    server.cuts = [1_000_000, 500_000, 0, 700_000]
    fetch(offer(server), tmp_path / "a.bin", waits=(0,))
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [
        None,
        "bytes=1000000-",
        "bytes=1500000-",
        "bytes=1500000-",
        "bytes=2200000-",
    ]


def test_a_server_without_ranges_starts_anew(server, tmp_path):
    server.ranges, server.cuts = False, [1_000_000]
    fetch(offer(server), tmp_path / "a.bin", waits=(0,))
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_server_that_stops_sending_is_an_error_and_what_arrived_is_kept(server, tmp_path):
    server.cuts = [1_000_000, 0, 0]
    with pytest.raises(UserError, match=r"interrupted after 1,000,000 of 3,072,000 .*it continues"):
        fetch(offer(server), tmp_path / "a.bin", waits=(0,))
    assert (tmp_path / "a.bin.part").stat().st_size == 1_000_000
    fetch(offer(server), tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_wrong_checksum_is_thrown_away(server, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(b"x" * 1000)
    with pytest.raises(UserError, match=r"it has the MD5 .* but the record says .*; start again"):
        fetch(offer(server), tmp_path / "a.bin")
    assert not list(tmp_path.iterdir())
    (tmp_path / "a.bin").write_bytes(b"mine")
    with pytest.raises(
        UserError, match=r"a\.bin: it has 4 bytes, .*; move .* away and start again"
    ):
        fetch(offer(server), tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == b"mine"


@pytest.mark.parametrize("size", [3_071_999, 3_072_001])
def test_a_wrong_size_is_reported_before_anything_is_kept(server, tmp_path, size):
    with pytest.raises(UserError, match=rf"it has 3,072,000 bytes, but the record says {size:,}"):
        fetch(offer(server, size=size), tmp_path / "a.bin")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("status", [404, 403, 503])
def test_refusals_are_one_sentence(server, tmp_path, status):
    file, record = offer(server), put_record(server)
    server.status = status
    with pytest.raises(UserError, match=rf"a\.bin: it cannot be fetched \(HTTP {status}\)"):
        fetch(file, tmp_path / "a.bin")
    with pytest.raises(UserError, match=rf"record: it cannot be fetched \(HTTP {status}\)"):
        read_record(record)


def test_no_network(server, tmp_path, monkeypatch):
    nowhere = "http://127.0.0.1:9"  # the discard port: nothing listens
    with pytest.raises(UserError, match=r"it cannot be fetched \(\[Errno \d+\] .*refused\); start"):
        download_corpus(tmp_path, f"{nowhere}/record")
    with pytest.raises(UserError, match=r"it cannot be fetched \(.*refused"):
        fetch(offer(server, url=f"{nowhere}/a.bin"), tmp_path / "a.bin", waits=(0, 0))


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"files": [{"name": "a"}]}'])
def test_a_record_of_another_kind(server, content):
    server.files["/record"] = content
    with pytest.raises(UserError, match="this is not the record of a data set"):
        read_record(f"{server.url}/record")


def test_no_room_on_the_disk(server, tmp_path):
    with pytest.raises(UserError, match=r"1,000,000,000,000,000,000 bytes are needed for a\.bin"):
        fetch(offer(server, size=10**18), tmp_path / "a.bin")


def test_the_corpus_comes_unpacked_with_its_metafile(server, tmp_path, capsys):
    notes = offer(server, metafile.NAME, b'{"sub001": {}}')
    packed = archive({f"{TOP}/{VIDEO}": b"film", "__MACOSX/sub001/._a": b"", f"{TOP}/a.txt": b"a"})
    record = put_record(server, notes, offer(server, ARCHIVE, packed))
    download_corpus(tmp_path / "usc", record)
    videos = tmp_path / "usc" / TOP
    assert {p.relative_to(videos).as_posix() for p in videos.rglob("*") if p.is_file()} == {
        VIDEO,
        "a.txt",
    }
    assert (videos / VIDEO).read_bytes() == b"film"
    assert metafile.find_metafile(videos).samefile(tmp_path / "usc" / metafile.NAME)
    assert "CC BY 4.0" in capsys.readouterr().err

    (videos / "mine.txt").touch()
    (tmp_path / "usc" / ARCHIVE).unlink()
    server.asked.clear()
    download_corpus(tmp_path / "usc", record)
    assert server.asked == [("/record", None)]
    assert (videos / "mine.txt").exists()


def test_a_record_without_the_archive(server, tmp_path):
    record = put_record(server, offer(server, metafile.NAME, b"{}"))
    with pytest.raises(UserError, match=f"the record lists no file {ARCHIVE}"):
        download_corpus(tmp_path, record)


@pytest.mark.parametrize(
    "name",
    ["../out.txt", f"{TOP}/../../out.txt", "/out.txt", "C:/out", "C:out", "a\\b", "..\\out", ".."],
)
def test_members_that_lead_out_are_refused(tmp_path, name):
    (tmp_path / ARCHIVE).write_bytes(archive({"good.txt": b"a", name: b"evil"}))
    with pytest.raises(UserError, match="leads out of the folder; nothing was unpacked"):
        unpack(tmp_path / ARCHIVE, tmp_path / TOP)
    assert [path.name for path in tmp_path.iterdir()] == [ARCHIVE]


def test_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    (tmp_path / ARCHIVE).write_bytes(archive({link: b"/etc"}))
    with pytest.raises(UserError, match="'link' is a link"):
        unpack(tmp_path / ARCHIVE, tmp_path / TOP)


def test_a_damaged_archive_leaves_no_folder(tmp_path):
    content = bytearray(archive({"a.bin": CONTENT[:5000], "b.bin": CONTENT[:5000]}))
    content[8000] ^= 1
    for damaged in (content, content[:6000]):
        (tmp_path / ARCHIVE).write_bytes(damaged)
        with pytest.raises(UserError, match=r"it cannot be unpacked \(.*\); delete it and fetch"):
            unpack(tmp_path / ARCHIVE, tmp_path / TOP)
        assert [path.name for path in tmp_path.iterdir()] == [ARCHIVE]


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [(8, 0x01, "password required"), (8, 0x20, "patched data"), (6, 99, "version 9.9")],
)
def test_archives_beyond_zipfile_leave_no_folder(tmp_path, place, value, reason):
    content = bytearray(archive({"a.txt": b"text"}))
    content[content.index(b"PK\1\2") + place] = value  # flags, or the version that is needed
    (tmp_path / ARCHIVE).write_bytes(content)
    with pytest.raises(UserError, match=rf"it cannot be unpacked \(.*{reason}.*\); delete it"):
        unpack(tmp_path / ARCHIVE, tmp_path / TOP)
    assert [path.name for path in tmp_path.iterdir()] == [ARCHIVE]


def test_a_name_ends_at_a_zero_byte(tmp_path):
    content = archive({"a.txtX.mp4": b"text"})
    (tmp_path / ARCHIVE).write_bytes(content.replace(b"a.txtX.mp4", b"a.txt\0.mp4"))
    try:
        unpack(tmp_path / ARCHIVE, tmp_path / TOP)
    except UserError as error:
        assert "leads out of the folder" in str(error) or "cannot be unpacked" in str(error)
    found = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert found <= {ARCHIVE, "a.txt"}


def test_more_than_the_disk_holds_is_not_begun(tmp_path, monkeypatch):
    (tmp_path / ARCHIVE).write_bytes(archive({"a.bin": bytes(5000)}))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=4999))
    with pytest.raises(UserError, match="5,000 bytes are needed to unpack it and 4,999 are free"):
        unpack(tmp_path / ARCHIVE, tmp_path / TOP)
    assert [path.name for path in tmp_path.iterdir()] == [ARCHIVE]


def test_no_more_is_unpacked_than_is_announced(tmp_path, monkeypatch):
    """A bomb: 50 MB of zeros that call themselves 100 bytes, in both places."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.bin", bytes(50_000_000))
    size = (50_000_000).to_bytes(4, "little")
    assert buffer.getvalue().count(size) == 2
    (tmp_path / ARCHIVE).write_bytes(buffer.getvalue().replace(size, (100).to_bytes(4, "little")))
    written = []
    copy = shutil.copyfileobj

    def watched(source, target, *arguments):
        try:
            copy(source, target, *arguments)
        finally:
            written.append(target.tell())

    monkeypatch.setattr(shutil, "copyfileobj", watched)
    with pytest.raises(UserError, match="it cannot be unpacked"):
        unpack(tmp_path / ARCHIVE, tmp_path / TOP)
    assert sum(written) <= 100
    assert [path.name for path in tmp_path.iterdir()] == [ARCHIVE]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_could_fill_the_memory_are_refused(tmp_path, method):
    with zipfile.ZipFile(tmp_path / ARCHIVE, "w", method) as packed:
        packed.writestr("a.bin", bytes(1000))
    with pytest.raises(UserError, match=r"a\.bin occurs twice or is packed unusually"):
        unpack(tmp_path / ARCHIVE, tmp_path / TOP)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["a", f"{TOP}/a", "a/b", "b" * 300])
def test_names_that_cannot_be_written_are_one_sentence(tmp_path, second):
    with zipfile.ZipFile(tmp_path / ARCHIVE, "w") as packed:
        packed.writestr("a", b"one")
        packed.writestr(second, b"two")
    with pytest.raises(UserError, match="it cannot be unpacked"):
        unpack(tmp_path / ARCHIVE, tmp_path / TOP)
    assert [path.name for path in tmp_path.iterdir()] == [ARCHIVE]
