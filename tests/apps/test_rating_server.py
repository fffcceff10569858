"""``s2r rate`` over HTTP: resume, raters at once, a killed server, requests from elsewhere."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from helpers.rating_folder import manifest, write_rating_folder
from helpers.rating_server import Client, served_study
from s2r.apps.rating.analysis import write_results
from s2r.apps.rating.answers import Answers, read_answers
from s2r.apps.rating.manifest import read_manifest
from s2r.apps.rating.server import RatingServer
from s2r.cli import main
from s2r.core.errors import UserError


@pytest.fixture
def folder(tmp_path):
    return write_rating_folder(tmp_path / "rating")


@pytest.fixture
def study(folder, tmp_path):
    with served_study(folder, tmp_path / "answers.sqlite") as server:
        yield server


@pytest.fixture
def store(study):
    return study.store


@pytest.fixture
def client(study):
    return Client(study.port)


def rate_all(client, code, naturalness=3) -> list[str]:
    """Answer everything that is open; returns the clips in their order."""
    session = client.send("/session", code=code)
    for entry in session["clips"]:
        if not session["answers"].get(entry["clip"], {}).get("naturalness"):
            answer = {"code": code, "clip": entry["clip"]}
            client.send("/answer", **answer, answer="synthesised")
            client.send("/naturalness", **answer, naturalness=naturalness)
    return [entry["clip"] for entry in session["clips"]]


def test_the_page_learns_nothing_about_the_answers(client):
    status, page = client.ask("GET", "/")
    assert status == 200
    assert b"Real or synthesised?" in page
    assert not re.findall(rb"https?://", page)
    session = client.send("/session", code=" Anna-1 ")
    assert session["rater"] == "Anna-1"
    assert len(session["clips"]) == 12
    assert len(session["practice"]) == 2
    assert session["words"] == ["bat", "bit", "boat"]
    assert all(set(entry) == {"clip", "word"} for entry in session["clips"])
    assert "generated" not in json.dumps(session)
    name = session["clips"][0]["clip"]
    assert client.ask("GET", f"/clips/{name}") == (200, name.encode())


def test_resume_after_half_an_answer(client, store):
    session = client.send("/session", code="anna")
    first, second = (entry["clip"] for entry in session["clips"][:2])
    client.send("/answer", code="anna", clip=first, answer="real")
    client.send("/naturalness", code="anna", clip=first, naturalness=5)
    client.send("/answer", code="anna", clip=second, answer="synthesised")
    client.send("/comment", code="anna", word="bat", comment="the tip of the tongue")
    again = client.send("/session", code="ANNA")
    assert again["clips"] == session["clips"]
    assert again["answers"] == {
        first: {"answer": "real", "naturalness": 5},
        second: {"answer": "synthesised", "naturalness": None},
    }
    assert again["comments"] == {"bat": "the tip of the tongue"}
    # the first answer counts
    client.send("/answer", code="anna", clip=first, answer="synthesised")
    client.send("/naturalness", code="anna", clip=first, naturalness=1)
    assert client.send("/session", code="anna")["answers"] == again["answers"]
    rows, comments, _ = read_answers(store.path)
    assert rows["position"].tolist() == [0, 1]
    assert rows["naturalness"].isna().tolist() == [False, True]
    assert comments["comment"].tolist() == ["the tip of the tongue"]


def test_raters_at_once(client, store):
    codes = [f"r{number}" for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        orders = list(pool.map(lambda code: rate_all(client, code), codes))
    assert len({tuple(order) for order in orders}) == 4
    rows, _, _ = read_answers(store.path)
    assert rows.groupby("rater")["clip"].apply(list).to_dict() == dict(
        zip(codes, orders, strict=True)
    )
    truth = manifest().set_index("clip")["kind"]
    assert rows["kind"].tolist() == truth[rows["clip"]].tolist()
    assert rows["seed"].nunique() == 4
    assert store.counts() == (4, 48)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"]
)
def test_answers_from_other_sites_are_refused(client, store, origin):
    content = {"code": "anna"}
    assert client.ask("POST", "/session", content, Origin=origin)[0] == 403
    own = f"http://127.0.0.1:{client.port}"
    assert store.counts() == (0, 0)
    assert client.ask("POST", "/session", content, Origin=own)[0] == 200


def test_a_foreign_name_that_leads_here_is_refused(client):
    name = f"evil.example:{client.port}"
    for method, path in (("GET", "/"), ("POST", "/session")):
        status, _ = client.ask(method, path, {"code": "a"}, Host=name, Origin=f"http://{name}")
        assert status == 403
    assert client.ask("GET", "/", Host=f"localhost:{client.port}")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/manifest.csv",
        "/clips/",
        "/clips/clips.csv",
        "/clips/../manifest.csv",
        "/clips/..%2fmanifest.csv",
        "/clips/%2e%2e/manifest.csv",
        "/clips//etc/passwd",
        "//etc/passwd",
        "/../../answers.sqlite",
        "/clips/clip_001.mp4/../../manifest.csv",
    ],
)
def test_only_clips_are_served(client, path):
    status, body = client.ask("GET", path)
    assert status == 404
    assert b"generated" not in body


FAULTS = {
    "no code": ("/session", {}, "1 to 32 letters"),
    "bad code": ("/session", {"code": "../x"}, "1 to 32 letters"),
    "long code": ("/session", {"code": "a" * 33}, "1 to 32 letters"),
    "unknown rater": ("/answer", {"code": "b", "clip": "C", "answer": "real"}, "not known"),
    "unknown clip": ("/answer", {"code": "a", "clip": "x", "answer": "real"}, "not a clip"),
    "practice clip": ("/answer", {"code": "a", "clip": "P", "answer": "real"}, "not a clip"),
    "bad answer": ("/answer", {"code": "a", "clip": "C", "answer": "maybe"}, "real or synth"),
    "too natural": ("/naturalness", {"code": "a", "clip": "C", "naturalness": 6}, "1, 2, 3"),
    "truth value": ("/naturalness", {"code": "a", "clip": "C", "naturalness": True}, "1, 2, 3"),
    "too early": ("/naturalness", {"code": "a", "clip": "C", "naturalness": 3}, "Say first"),
    "unknown word": ("/comment", {"code": "a", "word": "x", "comment": ""}, "not a word"),
    "long comment": ("/comment", {"code": "a", "word": "bat", "comment": "x" * 2001}, "too long"),
    "list": ("/answer", {"code": "a", "clip": ["C"], "answer": "real"}, "texts and numbers"),
    "no object": ("/session", ["a"], "JSON object"),
    "no JSON": ("/session", b"{", "valid JSON"),
    "too much": ("/comment", {"code": "a", "word": "bat", "comment": "x" * 20_000}, "too long"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_bad_requests_get_one_sentence_and_store_nothing(client, store, name):
    path, content, part = FAULTS[name]
    session = client.send("/session", code="a")
    names = {"C": session["clips"][0]["clip"], "P": session["practice"][0]["clip"]}
    if isinstance(content, dict) and isinstance(content.get("clip"), str):
        content = content | {"clip": names.get(content["clip"], content["clip"])}
    status, body = client.ask("POST", path, content)
    assert status == 400
    assert part in json.loads(body)["error"]
    assert store.counts() == (1, 0)


def test_forms_of_other_sites_and_unknown_paths_are_refused(client):
    assert client.ask("POST", "/session", {"code": "a"}, Content_Type="text/plain")[0] == 400
    assert client.ask("POST", "/nowhere", {"code": "a"})[0] == 404


def test_an_answer_that_cannot_be_stored_is_not_acknowledged(client, store, monkeypatch, capsys):
    clip = client.send("/session", code="a")["clips"][0]["clip"]

    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(store, "answer", full)
    content = {"code": "a", "clip": clip, "answer": "real"}
    status, body = client.ask("POST", "/answer", content)
    assert status == 500
    assert "could not be stored (database or disk is full)" in json.loads(body)["error"]
    assert "disk is full" in capsys.readouterr().err


class Served:
    """``s2r rate`` in a process of its own."""

    def __init__(self, folder):
        command = [sys.executable, "-m", "s2r.cli", "rate", str(folder), "--port", "0"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.line = self.process.stdout.readline()
        self.client = Client(int(re.search(r"http://127\.0\.0\.1:(\d+)/", self.line)[1]))


def test_nothing_is_lost_when_the_server_is_killed(folder):
    served = Served(folder)
    assert "12 clips to rate" in served.line
    clips = [entry["clip"] for entry in served.client.send("/session", code="a")["clips"]]
    for clip in clips[:5]:
        served.client.send("/answer", code="a", clip=clip, answer="real")
        served.client.send("/naturalness", code="a", clip=clip, naturalness=2)
    served.client.send("/answer", code="a", clip=clips[5], answer="synthesised")
    os.kill(served.process.pid, signal.SIGKILL)
    served.process.communicate()
    path = folder.parent / "rating_answers.sqlite"
    rows, _, _ = read_answers(path)
    assert rows["clip"].tolist() == clips[:6]
    assert rows["naturalness"].notna().sum() == 5
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()

    served = Served(folder)
    assert rate_all(served.client, "a") == clips
    served.process.send_signal(signal.SIGINT)
    out, err = served.process.communicate(timeout=30)
    assert served.process.returncode == 0
    assert "12 answers of 1 raters" in out
    assert err == ""


def fails(capsys, *arguments) -> str:
    assert main(["rate", *map(str, arguments)]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


def test_each_error_of_the_command_is_one_sentence(folder, tmp_path, capsys):
    with RatingServer("127.0.0.1", 0) as taken:
        assert "is in use: choose another one" in fails(capsys, folder, "--port", taken.port)
    assert not (tmp_path / "rating_answers.sqlite").exists()
    assert "is not an address of this machine" in fails(capsys, folder, "--host", "192.0.2.1")
    assert "is not a rating folder" in fails(capsys, tmp_path)
    (tmp_path / "text.sqlite").write_text("hello " * 1000)
    answers = ["--port", "0", "--answers", tmp_path / "text.sqlite"]
    assert "is not a file of answers" in fails(capsys, folder, *answers)
    (folder / "clips" / "clip_001.mp4").unlink()
    assert "clip_001.mp4 is missing" in fails(capsys, folder)
    (folder / "manifest.csv").write_text("clip,part\n")
    assert "has no column word" in fails(capsys, folder)


def test_another_address_is_warned_of(folder, capsys, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(RatingServer, "serve_forever", interrupted)
    assert main(["rate", str(folder), "--host", "0.0.0.0", "--port", "0"]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("Warning: everybody who can reach 0.0.0.0")
    assert "Stopped: 0 answers of 0 raters" in captured.out
    assert main(["rate", str(folder), "--port", "0"]) == 0
    assert capsys.readouterr().err == ""


def test_answers_are_kept_out_of_the_folder_that_the_workflow_makes(folder, capsys):
    for place in (folder / "answers.sqlite", folder / "clips" / ".." / "answers.sqlite"):
        sentence = fails(capsys, folder, "--port", "0", "--answers", place)
        assert "which the workflow replaces" in sentence
    assert not (folder / "answers.sqlite").exists()


@pytest.mark.parametrize("code", ["SQLITE_IOERR_LOCK", "SQLITE_CANTOPEN", "SQLITE_PROTOCOL"])
def test_answers_that_cannot_be_opened_are_not_called_something_else(store, monkeypatch, code):
    """As on a file system without locks, or without permission."""

    class Refused(sqlite3.OperationalError):
        sqlite_errorcode = getattr(sqlite3, code)

    def refuse(*_, **__):
        raise Refused("locking protocol")

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with pytest.raises(UserError, match=r"cannot be used here \(locking protocol\): see that you"):
        read_answers(store.path)


def test_answers_to_other_clips_are_not_mixed(folder, store, tmp_path):
    other = read_manifest(folder).assign(sha256="1")
    with pytest.raises(UserError, match="holds answers to other clips"):
        Answers(store.path, other)
    Answers(store.path, read_manifest(folder))


def test_from_answers_to_the_table(client, store, tmp_path):
    rate_all(client, "anna", naturalness=2)
    rate_all(client, "bert", naturalness=4)
    client.send("/comment", code="bert", word="bit", comment='"jumps", twice')
    client.send("/comment", code="bert", word="bat", comment="")
    write_results(
        answers=store.path,
        table=tmp_path / "table2.csv",
        markdown=tmp_path / "table2.md",
        rows=tmp_path / "rows.csv",
        comments=tmp_path / "comments.csv",
        raters=tmp_path / "raters.csv",
        synthetic=True,
        resamples=50,
    )
    table = pd.read_csv(tmp_path / "table2.csv").set_index("word")
    assert table.loc["all", "f1"] == pytest.approx(2 / 3, abs=1e-5)
    assert table.loc["bat", ["raters", "clips", "answers"]].tolist() == [2, 4, 8]
    assert table.loc["all", "mos_generated"] == 3
    assert table.loc["all", ["mos_real_low", "mos_real_high"]].tolist() == [2, 4]
    assert len(pd.read_csv(tmp_path / "rows.csv")) == 24
    raters = pd.read_csv(tmp_path / "raters.csv")
    assert raters[["rater", "answers", "finished"]].to_numpy().tolist() == [
        ["anna", 12, True],
        ["bert", 12, True],
    ]
    comments = pd.read_csv(tmp_path / "comments.csv")
    assert comments.to_dict("records") == [
        {"rater": "bert", "word": "bit", "comment": '"jumps", twice'}
    ]
    with pytest.raises(UserError, match="nobody has rated yet"):
        read_answers(tmp_path / "none.sqlite")
