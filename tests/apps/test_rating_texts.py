"""The owner's side of ``s2r rate``: texts in any language, consent, codes, progress."""

import json
import sqlite3
import urllib.parse

import pytest

from helpers.chromium import STEP, needs_chromium, running_browser
from helpers.rating_folder import write_rating_folder
from helpers.rating_server import Client, served_study
from s2r.apps.rating.answers import Answers, read_answers
from s2r.apps.rating.manifest import read_manifest
from s2r.apps.rating.server import RatingServer, rating_page
from s2r.apps.rating.texts import DEFAULT, read_texts
from s2r.cli import main
from s2r.core.errors import UserError


@pytest.fixture
def folder(tmp_path):
    return write_rating_folder(tmp_path / "rating", attention=1)


@pytest.fixture
def study(folder, tmp_path):
    with served_study(folder, tmp_path / "answers.sqlite") as server:
        yield server


@pytest.fixture
def client(study):
    return Client(study.port)


GERMAN = """language: de
title: Echt oder künstlich? </script><b>
consent: [Ich habe verstanden., Die Teilnahme ist freiwillig.]
clip: Film {number} von {total}
"""


def test_texts_that_are_not_given_stay_english(tmp_path):
    (tmp_path / "de.yaml").write_text(GERMAN)
    texts = read_texts(tmp_path / "de.yaml")
    assert texts["clip"] == "Film {number} von {total}"
    assert texts["again"] == DEFAULT["again"] == "Play again"
    page = rating_page(texts).decode()
    assert '<html lang="de" dir="ltr">' in page
    # what a text holds cannot end the script
    assert "</script><b>" not in page
    embedded = page.split('id="texts">')[1].split("</script>")[0]
    assert json.loads(embedded) == texts


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("- a", "holds no texts"),
        ("titel: x", "'titel' is not a text of the page; it has language, direction, title"),
        ("title: 5", "title must be a text, in quotes if need be"),
        ("title: ' '", "title is empty"),
        ("consent: yes I do", "consent must be a list of texts"),
        ("clip: Film {number}", r"clip must contain \{total\}"),
        ("direction: up", "ltr .from the left. or rtl"),
        ("language: 'de\"'", "must be the code of a language"),
        ("title: " + "x" * 20_001, "more than 20000 characters"),
        ("title: !!python/object:x {}", "not readable YAML"),
    ],
)
def test_texts_that_cannot_be_right_are_one_sentence(tmp_path, content, words):
    (tmp_path / "texts.yaml").write_text(content)
    with pytest.raises(UserError, match=words):
        read_texts(tmp_path / "texts.yaml")


def test_texts_come_from_the_folder_or_a_named_file(folder, tmp_path, monkeypatch, capsys):
    pages = []
    monkeypatch.setattr(RatingServer, "serve_forever", lambda self: pages.append(self.page))
    (folder / "texts.yaml").write_text("title: In the folder")
    (tmp_path / "own.yaml").write_text("title: On the command line")
    command = ["rate", str(folder), "--port", "0"]
    assert main(command) == 0
    assert main([*command, "--texts", str(tmp_path / "own.yaml")]) == 0
    assert b"In the folder" in pages[0]
    assert b"On the command line" in pages[1]
    assert "12 clips to rate and 1 attention checks" in capsys.readouterr().out
    assert main([*command, "--texts", str(tmp_path / "none.yaml")]) == 1
    assert "none.yaml cannot be read" in capsys.readouterr().err


def test_without_consent_nobody_starts_and_its_time_is_kept(study, client):
    study.show(DEFAULT | {"consent": ["I agree."]})
    for refused in ({"code": "a"}, {"code": "a", "consent": 1}):
        status, body = client.ask("POST", "/session", refused)
        assert status == 400
        assert json.loads(body)["text"] == "not_agreed"
    assert study.store.counts() == (0, 0)
    client.send("/session", code="a", consent=True)
    (first,) = study.store.progress()["consent"]
    assert first.startswith("20")
    client.send("/session", code="a", consent=True)
    assert study.store.progress()["consent"].tolist() == [first]


def test_codes_are_kept_as_typed_in_any_script(study, client):
    clip = client.send("/session", code=" Übung_007 ")["clips"][0]["clip"]
    client.send("/answer", code="übung_007", clip=clip, answer="real")
    assert client.send("/session", code="ÜBUNG_007")["answers"]
    client.send("/session", code="参加者1")
    client.send("/session", code="007")
    rows, _, raters = read_answers(study.store.path)
    assert rows["rater"].tolist() == ["Übung_007"]
    assert raters["rater"].tolist() == ["Übung_007", "参加者1", "007"]
    assert client.ask("POST", "/session", {"code": "=1"})[0] == 400


def test_answers_of_version_0_1_go_on(study, client, folder, tmp_path):
    clip = client.send("/session", code="anna")["clips"][0]["clip"]
    client.send("/answer", code="anna", clip=clip, answer="real")
    with sqlite3.connect(study.store.path) as database:
        for column in ("code", "consent"):
            database.execute(f"ALTER TABLE raters DROP COLUMN {column}")
    database.close()
    rows, _, raters = read_answers(study.store.path)
    assert rows["rater"].tolist() == raters["rater"].tolist() == ["anna"]
    store = Answers(study.store.path, read_manifest(folder))
    assert store.session("Anna", True)["answers"] == {clip: {"answer": "real", "naturalness": None}}
    assert store.progress()["rater"].tolist() == ["anna"]


def test_only_the_owner_sees_the_progress(study, client):
    clips = [entry["clip"] for entry in client.send("/session", code="Anna")["clips"]]
    client.send("/session", code="bert")
    for clip in clips:
        client.send("/answer", code="Anna", clip=clip, answer="synthesised")
        client.send("/naturalness", code="Anna", clip=clip, naturalness=2)
    address = urllib.parse.urlsplit(study.progress_address)
    assert len(study.key) > 20
    for other in ("/progress", "/progress?key=", "/progress?key=x", f"/progress?{study.key}"):
        status, body = client.ask("GET", other)
        assert status == 404
        assert b"Anna" not in body
    own = f"{address.path}?{address.query}"
    status, body = client.ask("GET", own)
    assert status == 200
    page = body.decode()
    assert "1 of 2 raters have finished" in page
    assert "<td>Anna</td><td>13 of 13</td><td>yes</td><td>1 of 1</td>" in page
    assert "<td>bert</td><td>0 of 13</td><td>no</td><td>0 of 0</td>" in page
    assert client.ask("GET", own, Host=f"evil.example:{client.port}")[0] == 403


@needs_chromium
def test_a_page_in_another_language_with_consent(study):
    arabic = {"language": "ar", "direction": "rtl", "consent": ["أوافق"], "start": "ابدأ"}
    study.show(DEFAULT | arabic)
    with running_browser() as browser:
        page = browser.new_page()
        page.set_default_timeout(STEP)
        page.goto(study.address)
        assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
        page.locator("#code").fill("a")
        page.get_by_role("button", name="ابدأ").click()
        assert page.evaluate("document.querySelector('#agree').validity.valueMissing")
        assert study.store.counts() == (0, 0)
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="ابدأ").click()
        page.get_by_role("heading", name="Example 1 of 2").wait_for()
        left = page.locator("#kind [aria-keyshortcuts=ArrowLeft]")
        assert left.get_attribute("data-answer") == "synthesised"
    assert study.store.progress()["consent"].ne("").all()
