"""Pages for this machine: who may ask, how files are sent. Standard library only.

The connection is for people at this machine unless another address is asked for. Requests must
come from the server's own pages: browsers name the page that a request comes from, and on a
loopback address the name asked for must be a loopback one too, because a foreign site can have a
name of its own lead here.
"""

import contextlib
import errno
import ipaddress
import json
import re
import shutil
import signal
import socket
import socketserver
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

from s2r.errors import UserError

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "media-src 'self' blob:; img-src 'self' blob: data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""A page may load from its own server and nowhere else."""


class LocalServer(socketserver.ThreadingTCPServer):
    """One thread a request, on one address; port 0 takes a free one."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, handler: Callable, host: str, port: int):
        """Raises UserError for an address that cannot be used."""
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), handler)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                sentence = f"port {port} of {host} is in use: give another one with --port."
            elif error.errno == errno.EACCES:
                sentence = f"port {port} may not be used: give one above 1023 with --port."
            else:
                sentence = f"{host} is no address of this machine: give another one with --host."
            raise UserError(sentence) from error
        self.port = self.server_address[1]
        self.address = f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"
        self.loopback = is_loopback(host)

    def serve_until_stopped(self) -> None:
        """Serve until Ctrl-C, or until the system ends this process (SIGTERM).

        Either way what the server keeps in temporary folders goes with it. Both are asked for by
        name: what a shell starts in the background ignores SIGINT otherwise.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            self.serve_forever()

    def handle_error(self, request, client_address) -> None:
        """A page that is closed while it loads is no fault; others are shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def is_loopback(name: str) -> bool:
    """Whether only this machine can be meant by ``name``."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class LocalHandler(BaseHTTPRequestHandler):
    """What the requests of a `LocalServer` share; ``do_GET`` and ``do_POST`` are the page's."""

    server: LocalServer
    protocol_version = "HTTP/1.1"
    policy = POLICY
    timeout = 60
    """Seconds without a byte after which a connection is given up."""

    def from_here(self) -> bool:
        """Whether the request comes from this server's own pages; answers it if it does not."""
        host = self.headers.get("Host", "")
        name = urlsplit(f"//{host}").hostname or ""
        known = not self.server.loopback or is_loopback(name)
        if known and self.headers.get("Origin") in (None, f"http://{host}"):
            return True
        self.refuse("Requests from other sites are refused.", HTTPStatus.FORBIDDEN)
        return False

    def length(self) -> int:
        """Bytes of the request's body; 0 where it does not say."""
        said = self.headers.get("Content-Length", "")
        return int(said[:18]) if re.fullmatch("[0-9]+", said) else 0

    def tell(self, content: object, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Answer with JSON."""
        self.reply(json.dumps(content).encode(), "application/json", status)

    def refuse(self, sentence: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        """Answer with ``{"error": sentence}``, and read no more of this connection."""
        self.close_connection = True
        self.tell({"error": sentence}, status)

    def reply(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Answer with ``body``."""
        self._head(status, kind, len(body))
        self.wfile.write(body)

    def send_file(self, path: Path, kind: str) -> None:
        """Answer with a file, or the range of it that is asked for (players seek by ranges)."""
        size = path.stat().st_size
        asked = re.fullmatch(r"bytes=([0-9]{1,18})-([0-9]{0,18})", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2]) if asked and asked[2] else size - 1, size - 1)
        if first > last:
            self._head(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, kind, 0, f"bytes */{size}")
            return
        if asked:
            place = f"bytes {first}-{last}/{size}"
            self._head(HTTPStatus.PARTIAL_CONTENT, kind, last + 1 - first, place)
        else:
            self._head(HTTPStatus.OK, kind, size)
        with path.open("rb") as file:
            file.seek(first)
            if asked:
                self.wfile.write(file.read(last + 1 - first))
            else:
                shutil.copyfileobj(file, self.wfile)

    def log_message(self, *_) -> None:
        """Who asked for what is nobody's business."""

    def _head(
        self, status: HTTPStatus, kind: str, length: int, content_range: str | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.send_header("Accept-Ranges", "bytes")
        if content_range:
            self.send_header("Content-Range", content_range)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Security-Policy", self.policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "same-origin")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
