"""``s2r rate``: the page of a rating study, for this machine unless asked otherwise.

The page gets the clips in the order of its rater and never what they are. Requests that change
anything must come from the page itself: browsers name the page a request comes from, and another
one is refused. Only the page and the clips of the manifest are served, by name.
"""

import errno
import ipaddress
import json
import socket
import sqlite3
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from s2r.errors import UserError
from s2r.rating.answers import Answers
from s2r.rating.manifest import CLIPS, read_manifest

LONGEST_BODY = 16_384
"""Bytes of a request; a comment of the longest kind fits."""

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "connect-src 'self'; media-src blob:; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""The page may fetch from this server and nowhere else."""


def serve(folder: Path, answers: Path | None, host: str, port: int) -> None:
    """Serve the study in ``folder`` until interrupted; prints the address first.

    ``answers`` is the file of answers, by default beside the folder (`answers_path`): the folder
    itself is made anew by the workflow. Port 0 takes a free one. Raises UserError for a folder
    that is no rating folder, answers to other clips, and an address that cannot be used.
    """
    manifest = read_manifest(folder)
    with _listen(host, port) as server:
        server.store = Answers(answers or answers_path(folder), manifest)
        server.clips = {name: folder / CLIPS / name for name in manifest["clip"]}
        if not server.loopback:
            print(
                f"Warning: everybody who can reach {host} over the network can rate and read "
                "codes on the way; the connection is not encrypted.",
                file=sys.stderr,
            )
        rated = int((manifest["part"] == "test").sum())
        print(f"{server.address}  {rated} clips to rate; stop with Ctrl-C", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            raters, given = server.store.counts()
            print(f"\nStopped: {given} answers of {raters} raters are in {server.store.path}")


def answers_path(folder: Path) -> Path:
    """Where the answers to a rating folder lie: ``results/rating_answers.sqlite``."""
    folder = folder.resolve()
    return folder.with_name(f"{folder.name}_answers.sqlite")


class RatingServer(ThreadingHTTPServer):
    """One thread a request."""

    store: Answers
    clips: dict[str, Path]
    """The files that may be read, by name."""

    def __init__(self, host: str, port: int):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Handler)
        name = f"[{host}]" if ":" in host else host
        self.address = f"http://{name}:{self.server_port}/"
        self.loopback = host == "localhost" or _is_loopback(host)

    def handle_error(self, request, client_address) -> None:
        """A page that is closed while it loads is no fault; others are shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: RatingServer
    timeout = 60
    """Seconds without a byte after which a connection is given up."""

    def do_GET(self) -> None:
        """The page, or a clip."""
        path = urlsplit(self.path).path
        if not self._from_here():
            return
        if path == "/":
            self._reply(HTTPStatus.OK, PAGE, "text/html; charset=utf-8")
        elif path.startswith("/clips/") and (name := path.removeprefix("/clips/")) in (
            self.server.clips
        ):
            self._reply(HTTPStatus.OK, self.server.clips[name].read_bytes(), "video/mp4")
        else:
            self._tell(HTTPStatus.NOT_FOUND, {"error": "There is no such page."})

    def do_POST(self) -> None:
        """An answer of the page, as JSON; replies when it is on the disk."""
        body = self.rfile.read(min(self._length(), LONGEST_BODY))
        if not self._from_here():
            return
        store = self.server.store
        calls: dict[str, tuple[Callable, tuple[str, ...]]] = {
            "/session": (store.session, ("code",)),
            "/answer": (store.answer, ("code", "clip", "answer")),
            "/naturalness": (store.naturalness, ("code", "clip", "naturalness")),
            "/comment": (store.comment, ("code", "word", "comment")),
        }
        if self.path not in calls:
            self._tell(HTTPStatus.NOT_FOUND, {"error": "There is no such page."})
            return
        call, names = calls[self.path]
        try:
            content = self._content(body)
            self._tell(HTTPStatus.OK, call(*(content.get(name) for name in names)) or {})
        except UserError as fault:
            self._tell(HTTPStatus.BAD_REQUEST, {"error": str(fault)})
        except sqlite3.Error as fault:
            print(f"An answer could not be stored: {fault}", file=sys.stderr)
            sentence = f"Your answer could not be stored ({fault}). Please tell who runs the study."
            self._tell(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": sentence})

    def log_message(self, *_) -> None:
        """Who asked for what is nobody's business."""

    def _length(self) -> int:
        length = self.headers.get("Content-Length", "")
        return int(length) if length.isdigit() else 0

    def _content(self, body: bytes) -> dict:
        """The JSON object of the request. A type that a form of another site cannot send."""
        if self.headers.get_content_type() != "application/json":
            raise UserError("The request must be JSON.")
        if self._length() > LONGEST_BODY:
            raise UserError("The request is too long.")
        try:
            content = json.loads(body)
        except ValueError as error:
            raise UserError("The request is not valid JSON.") from error
        if not isinstance(content, dict) or not all(
            isinstance(value, str | int) for value in content.values()
        ):
            raise UserError("The request must be a JSON object of texts and numbers.")
        return content

    def _from_here(self) -> bool:
        """Whether the request comes from this server's own page; answers it if it does not.

        On a loopback address the name asked for must be one too: a foreign site could have its
        own name lead here.
        """
        host = self.headers.get("Host", "")
        name = urlsplit(f"//{host}").hostname or ""
        known = not self.server.loopback or name == "localhost" or _is_loopback(name)
        origin = self.headers.get("Origin")
        if known and origin in (None, f"http://{host}"):
            return True
        self._tell(HTTPStatus.FORBIDDEN, {"error": "Requests from other sites are refused."})
        return False

    def _tell(self, status: HTTPStatus, content: dict) -> None:
        self._reply(status, json.dumps(content).encode(), "application/json")

    def _reply(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "same-origin")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)


PAGE = (files("s2r.rating") / "page.html").read_bytes()


def _listen(host: str, port: int) -> RatingServer:
    try:
        return RatingServer(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sentence = f"port {port} of {host} is in use: give another one with --port."
        elif error.errno == errno.EACCES:
            sentence = f"port {port} may not be used: give one above 1023 with --port."
        else:
            sentence = f"{host} is no address of this machine: give another one with --host."
        raise UserError(sentence) from error


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
