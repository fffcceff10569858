"""``s2r rate`` with folders from elsewhere, odd requests and clients that say nothing."""

import json
import os
import socket

import pandas as pd
import pytest

from helpers.rating_folder import write_rating_folder
from helpers.rating_server import Client, served_study
from s2r.apps.local_server import own_page, proxy_origin
from s2r.apps.rating.analysis import write_results
from s2r.apps.rating.manifest import clip_path, read_manifest
from s2r.core.errors import UserError


@pytest.fixture
def folder(tmp_path):
    return write_rating_folder(tmp_path / "rating")


@pytest.fixture
def study(folder, tmp_path):
    with served_study(folder, tmp_path / "answers.sqlite") as server:
        yield server


@pytest.fixture
def client(study):
    return Client(study.port)


def test_a_clip_that_is_a_link_is_refused(folder, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    name = read_manifest(folder)["clip"].iloc[0]
    (folder / "clips" / name).unlink()
    (folder / "clips" / name).symlink_to(tmp_path / "secret.txt")
    with pytest.raises(UserError, match=f"{name} is a link, and raters would see"):
        read_manifest(folder)


def test_a_folder_of_clips_that_is_a_link_is_refused_and_a_rating_folder_is_not(folder, tmp_path):
    (tmp_path / "here").symlink_to(folder)
    name = read_manifest(tmp_path / "here")["clip"].iloc[0]
    assert clip_path(tmp_path / "here", name).read_bytes() == name.encode()
    (folder / "clips").rename(tmp_path / "elsewhere")
    (folder / "clips").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="is a link"):
        read_manifest(folder)


def test_a_clip_that_becomes_a_link_while_the_study_runs_is_not_shown(study, client, folder):
    name = min(study.clips)
    (folder / "clips" / name).unlink()
    (folder / "clips" / name).symlink_to("/etc/passwd")
    status, body = client.ask("GET", f"/clips/{name}")
    assert status == 404
    assert b"root" not in body


def change(column, value, row=0):
    def changed(table):
        table = table.astype({column: object})
        table.loc[row, column] = value
        return table

    return changed


@pytest.mark.parametrize(
    "changed, words",
    [
        (change("seed", 2**70), "it is damaged, or another file"),
        (change("seed", "x"), "it is damaged, or another file"),
        (change("kind", "imagined"), "every item once as real and once as generated"),
        (lambda table: pd.concat([table, table[:1]]), "every item once"),
        (lambda table: table[1:], "every item once"),
    ],
)
def test_a_manifest_that_cannot_be_right_is_one_sentence(folder, changed, words):
    table = pd.read_csv(folder / "manifest.csv", dtype=str, keep_default_na=False)
    changed(table).to_csv(folder / "manifest.csv", index=False)
    with pytest.raises(UserError, match=words):
        read_manifest(folder)


def test_a_manifest_that_is_no_text(folder):
    (folder / "manifest.csv").write_bytes(os.urandom(400))
    with pytest.raises(UserError, match="it is damaged, or another file"):
        read_manifest(folder)


@pytest.mark.parametrize("host", ["[", "[::1", "]", "a]b", "[v1.x]:80", "127.0.0.1:x", "\\", ""])
def test_a_malformed_host_is_answered(client, host):
    for method, path in (("GET", "/"), ("POST", "/session")):
        status, _ = client.ask(method, path, {"code": "a"}, Host=host)
        assert status in (200, 403)


@pytest.mark.parametrize("path", ["//[", "/[", "/clips/%", "/?[", "*"])
def test_a_malformed_address_is_answered(client, path):
    assert client.ask("GET", path)[0] in (200, 404)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 8000,
        b'{"code":' * 2000,
        b'{"code": "\\ud800"}',
        b'{"code": "a", "clip": "\\udfff", "naturalness": 3}',
        b'{"code": "a", "clip": %d, "naturalness": 3}' % 2**63,
        b'{"code": "a", "clip": "c", "naturalness": %d}' % 10**30,
        b'{"code": "a", "clip": %s, "naturalness": 3}' % (b"9" * 5000),
        b'{"code": "a", "clip": NaN, "naturalness": 3}',
        b"\xff\xfe\x00",
        b"\x00",
    ],
    ids=range(10),
)
def test_odd_json_gets_a_sentence(client, capsys, body):
    client.send("/session", code="a")
    for path in ("/session", "/answer", "/naturalness"):
        status, answer = client.ask("POST", path, body)
        assert status == 400
        assert json.loads(answer)["error"].endswith((".", "!"))
    assert (
        client.ask("POST", "/comment", b'{"code":"a","word":"bat","comment":"\\ud800"}')[0] == 400
    )
    assert capsys.readouterr().err == ""


def test_a_fault_of_the_program_is_answered(study, client, monkeypatch, capsys):
    monkeypatch.setattr(study.store, "session", lambda *_: 1 / 0)
    status, body = client.ask("POST", "/session", {"code": "a"})
    assert status == 500
    assert json.loads(body)["error"] == "The server could not answer this request."
    assert capsys.readouterr().err == "A request failed: ZeroDivisionError: division by zero\n"


def test_idle_clients_keep_nobody_out(study, client):
    study.most = 4
    idle = [socket.create_connection(("127.0.0.1", study.port)) for _ in range(9)]
    idle[0].settimeout(10)
    try:
        assert client.ask("GET", "/")[0] == 200
        assert idle[0].recv(1) == b""  # the oldest was closed
    finally:
        for connection in idle:
            connection.close()
    assert client.ask("GET", "/")[0] == 200


def test_a_page_behind_a_proxy_with_https(client, study):
    own = own_page
    assert own("studio.lab.example", "https://studio.lab.example", False)
    assert not own("studio.lab.example", "https://other.example", False)
    assert not own("studio.lab.example", "https://studio.lab.example", True)
    study.proxy = proxy_origin("https://studio.lab.example/")
    headers = {"Origin": "https://studio.lab.example"}
    for host in ("studio.lab.example", "127.0.0.1"):  # the proxy passes the name on, or does not
        assert client.ask("POST", "/session", {"code": "a"}, Host=host, **headers)[0] == 200
    assert client.ask("GET", "/", Host="studio.lab.example")[0] == 200
    assert client.ask("GET", "/", Host="evil.example")[0] == 403
    evil = {"Host": "studio.lab.example", "Origin": "https://evil.example"}
    assert client.ask("POST", "/session", {"code": "a"}, **evil)[0] == 403


@pytest.mark.parametrize(
    "address", ["studio.lab", "https://", "https://a/b", "ftp://a", "https://["]
)
def test_an_address_that_is_no_proxy(address):
    with pytest.raises(UserError, match=r"is not the address of a proxy: give https://NAME\."):
        proxy_origin(address)


def test_no_remark_is_a_formula_in_a_spreadsheet(client, study, tmp_path):
    texts = {"bat": '=HYPERLINK("http://evil.example")', "bit": " +1", "boat": "good = fine"}
    client.send("/session", code="a")
    clip = client.send("/session", code="a")["clips"][0]["clip"]
    client.send("/answer", code="a", clip=clip, answer="real")
    for word, text in texts.items():
        client.send("/comment", code="a", word=word, comment=text)
    names = ("table", "markdown", "rows", "comments", "raters")
    paths = {name: tmp_path / f"{name}.csv" for name in names}
    write_results(answers=study.store.path, **paths, synthetic=True, resamples=10)
    found = pd.read_csv(paths["comments"]).set_index("word")["comment"]
    assert found.to_dict() == {
        "bat": '\'=HYPERLINK("http://evil.example")',
        "bit": "' +1",
        "boat": "good = fine",
    }
    rows = pd.read_csv(paths["rows"])
    assert rows["naturalness"].isna().all()
