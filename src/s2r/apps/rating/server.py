"""``s2r rate``: serves the page of a rating study, by default to this machine only.

The page receives the clips in the order of its rater, without their kind. Requests must come from
the page itself; requests from other sites are refused. Only the page, the clips of the manifest, by
name, and the progress of the raters are served; the latter at an address with a random key, which
is printed on the terminal, since raters must not see the codes of others.
"""

import json
import re
import secrets
import sqlite3
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qs

from s2r.apps.local_server import LocalHandler, LocalServer, proxy_origin
from s2r.apps.rating.answers import Answers, PageError
from s2r.apps.rating.manifest import clip_path, read_manifest
from s2r.apps.rating.progress import progress_page
from s2r.apps.rating.texts import DEFAULT, TEXTS, Text, read_texts
from s2r.core.errors import UserError

LONGEST_BODY = 16_384
"""Bytes of a request; the longest comment fits."""

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "connect-src 'self'; media-src blob:; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""The page may fetch from this server and nowhere else."""


def serve(
    folder: Path,
    answers: Path | None,
    host: str,
    port: int,
    proxy: str | None = None,
    texts: Path | None = None,
) -> None:
    """Serve the study in ``folder`` until interrupted; prints the address first.

    ``answers`` is the file of answers, by default beside the folder (`answers_path`): the folder
    itself may be made again by the workflow. Port 0 takes a free port. ``proxy`` is the address of
    a proxy that shows the page. ``texts`` is the file of its texts (`s2r.apps.rating.texts`), by
    default the one in the folder, else the English ones. Raises UserError for a folder that is not
    a rating folder, answers in it or to other clips, texts that are none, and an address that
    cannot be used.
    """
    manifest = read_manifest(folder)
    in_folder = folder / TEXTS
    page_texts = read_texts(texts or (in_folder if in_folder.exists() else None))
    if answers and folder.resolve() in answers.resolve().parents:
        raise UserError(
            f"{answers} is in {folder}, which the workflow replaces when it makes it again: keep "
            "the answers outside."
        )
    with RatingServer(host, port, proxy and proxy_origin(proxy)) as server:
        server.store = Answers(answers or answers_path(folder), manifest)
        server.folder, server.clips = folder, set(manifest["clip"])
        server.show(page_texts)
        if not server.loopback:
            print(
                f"Warning: everybody who can reach {host} over the network can rate, and can read "
                "codes that are sent; the connection is not encrypted.",
                file=sys.stderr,
            )
        parts = manifest["part"].value_counts()
        checks = f" and {parts['attention']} attention checks" if "attention" in parts else ""
        print(f"{server.address}  {parts['test']} clips to rate{checks}; stop with Ctrl-C")
        print(f"{server.progress_address}  for you: who has finished", flush=True)
        server.serve_until_stopped()
        raters, answered = server.store.counts()
        print(f"\nStopped: {answered} answers of {raters} raters are in {server.store.path}")


def answers_path(folder: Path) -> Path:
    """Where the answers to a rating folder lie: ``results/rating_answers.sqlite``."""
    folder = folder.resolve()
    return folder.with_name(f"{folder.name}_answers.sqlite")


class RatingServer(LocalServer):
    """One thread for each request."""

    store: Answers
    folder: Path
    clips: set[str]
    """Names of the files that may be read."""

    def __init__(self, host: str, port: int, proxy: str | None = None):
        super().__init__(Handler, host, port, proxy)
        self.key = secrets.token_urlsafe(16)
        self.show(DEFAULT)

    def show(self, texts: Mapping[str, Text]) -> None:
        """Serve the page with these texts."""
        self.page, self.asks_consent = rating_page(texts), bool(texts["consent"])

    @property
    def progress_address(self) -> str:
        """The owner's page; only who knows its key may read it."""
        return f"{self.address}progress?key={self.key}"


class Handler(LocalHandler):
    """One request."""

    server: RatingServer
    policy = POLICY
    longest_body = LONGEST_BODY

    def get(self) -> None:
        """The page, a clip, or the progress of the raters."""
        path, _, query = self.path.partition("?")
        if path == "/":
            self.reply(self.server.page, "text/html; charset=utf-8")
        elif path == "/progress" and self._has_key(query):
            page = progress_page(self.server.store.progress(), STYLE)
            self.reply(page, "text/html; charset=utf-8")
        elif path.startswith("/clips/") and (name := path.removeprefix("/clips/")) in (
            self.server.clips
        ):
            self._send_clip(name)
        else:
            self.refuse("There is no such page.", HTTPStatus.NOT_FOUND)

    def _has_key(self, query: str) -> bool:
        given = parse_qs(query).get("key", [""])[0]
        return secrets.compare_digest(given.encode(), self.server.key.encode())

    def _send_clip(self, name: str) -> None:
        try:
            clip = clip_path(self.server.folder, name).read_bytes()
        except (UserError, OSError):
            self.refuse("This clip is not there any more.", HTTPStatus.NOT_FOUND)
        else:
            self.reply(clip, "video/mp4")

    def post(self, body: bytes) -> None:
        """An answer of the page, as JSON; replies when it is on the disk."""
        store = self.server.store
        calls: dict[str, tuple[Callable, tuple[str, ...]]] = {
            "/session": (self._session, ("code", "consent")),
            "/answer": (store.answer, ("code", "clip", "answer")),
            "/naturalness": (store.naturalness, ("code", "clip", "naturalness")),
            "/comment": (store.comment, ("code", "word", "comment")),
        }
        if self.path not in calls:
            self.refuse("There is no such page.", HTTPStatus.NOT_FOUND)
            return
        call, names = calls[self.path]
        try:
            content = self._content(body)
            self.send_json(call(*(content.get(name) for name in names)) or {})
        except PageError as error:
            self._explain(str(error), HTTPStatus.BAD_REQUEST, text=error.text)
        except UserError as error:
            self.refuse(str(error))
        except sqlite3.Error as error:
            print(f"An answer could not be stored: {error}", file=sys.stderr)
            sentence = f"Your answer could not be stored ({error}). Please tell the organiser."
            self._explain(sentence, HTTPStatus.INTERNAL_SERVER_ERROR, reason=str(error))

    def _session(self, code: str, consent: object) -> dict:
        if self.server.asks_consent and consent is not True:
            raise PageError("The text of consent has not been agreed to.", "not_agreed")
        return self.server.store.session(code, self.server.asks_consent)

    def _explain(self, sentence: str, status: HTTPStatus, **more: str) -> None:
        """Refuse with what the page needs to say it in the language of the raters."""
        self.close_connection = True
        self.send_json({"error": sentence} | more, status)

    def _content(self, body: bytes) -> dict:
        """The JSON object of the request. Forms of other sites cannot send this content type."""
        if self.headers.get_content_type() != "application/json":
            raise UserError("The request must be JSON.")
        if self.length() > LONGEST_BODY:
            raise UserError("The request is too long.")
        try:
            content = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise UserError("The request is not valid JSON.") from error
        if not isinstance(content, dict) or not all(map(_can_be_stored, content.values())):
            raise UserError("The request must be a JSON object of texts and numbers.")
        return content


def _can_be_stored(value: object) -> bool:
    """Whether a value is a number of 64 bits, or a text without half a surrogate pair."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return isinstance(value, int) and -(2**63) <= value < 2**63


def rating_page(texts: Mapping[str, Text]) -> bytes:
    """The page in the language of ``texts``."""
    parts = {name: texts[name] for name in ("language", "direction")}
    parts |= {"style": STYLE, "script": SCRIPT}
    # Inside a script element only "<" could end the element.
    parts["texts"] = json.dumps(dict(texts), ensure_ascii=False).replace("<", "\\u003c")
    field = "|".join(parts)
    return re.sub(rf"\{{({field})\}}", lambda found: parts[found[1]], PAGE).encode()


PAGE, STYLE, SCRIPT = (
    files("s2r.apps.rating").joinpath(f"page.{kind}").read_text() for kind in ("html", "css", "js")
)
