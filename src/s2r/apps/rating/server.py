"""``s2r rate``: serves the page of a rating study, by default to this machine only.

The page receives the clips in the order of its rater, without their kind. Requests must come from
the page itself; requests from other sites are refused. Only the page and the clips of the manifest
are served, by name.
"""

import json
import sqlite3
import sys
from collections.abc import Callable
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path

from s2r.apps.local_server import LocalHandler, LocalServer, proxy_origin
from s2r.apps.rating.answers import Answers
from s2r.apps.rating.manifest import clip_path, read_manifest
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
    folder: Path, answers: Path | None, host: str, port: int, proxy: str | None = None
) -> None:
    """Serve the study in ``folder`` until interrupted; prints the address first.

    ``answers`` is the file of answers, by default beside the folder (`answers_path`): the folder
    itself may be made again by the workflow. Port 0 takes a free port. ``proxy`` is the address of
    a proxy that shows the page. Raises UserError for a folder that is not a rating folder, answers
    in it or to other clips, and an address that cannot be used.
    """
    manifest = read_manifest(folder)
    if answers and folder.resolve() in answers.resolve().parents:
        raise UserError(
            f"{answers} is in {folder}, which the workflow replaces when it makes it again: keep "
            "the answers outside."
        )
    with RatingServer(host, port, proxy and proxy_origin(proxy)) as server:
        server.store = Answers(answers or answers_path(folder), manifest)
        server.folder, server.clips = folder, set(manifest["clip"])
        if not server.loopback:
            print(
                f"Warning: everybody who can reach {host} over the network can rate, and can read "
                "codes that are sent; the connection is not encrypted.",
                file=sys.stderr,
            )
        rated = int((manifest["part"] == "test").sum())
        print(f"{server.address}  {rated} clips to rate; stop with Ctrl-C", flush=True)
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


class Handler(LocalHandler):
    """One request."""

    server: RatingServer
    policy = POLICY
    longest_body = LONGEST_BODY

    def get(self) -> None:
        """The page, or a clip."""
        path, _, _ = self.path.partition("?")
        if path == "/":
            self.reply(PAGE, "text/html; charset=utf-8")
        elif path.startswith("/clips/") and (name := path.removeprefix("/clips/")) in (
            self.server.clips
        ):
            self._send_clip(name)
        else:
            self.refuse("There is no such page.", HTTPStatus.NOT_FOUND)

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
            "/session": (store.session, ("code",)),
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
        except UserError as error:
            self.refuse(str(error))
        except sqlite3.Error as error:
            print(f"An answer could not be stored: {error}", file=sys.stderr)
            sentence = f"Your answer could not be stored ({error}). Please tell the organiser."
            self.refuse(sentence, HTTPStatus.INTERNAL_SERVER_ERROR)

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


PAGE = (files("s2r.apps.rating") / "page.html").read_bytes()
