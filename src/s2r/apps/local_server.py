"""Pages for this machine: who may listen and who may ask. Standard library only.

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
import signal
import socket
import socketserver
import sys
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from s2r.core.errors import UserError


class LocalServer(socketserver.ThreadingTCPServer):
    """One thread a request, on one address; port 0 takes a free one."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, handler: Callable, host: str, port: int):
        """Raises UserError for an address that cannot be used."""
        super().__init__((host, port), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listen(host, port)
        self.server_address = self.socket.getsockname()
        self.port = self.server_address[1]
        self.address = address_of(host, self.port)
        self.loopback = is_loopback(host)

    def serve_until_stopped(self) -> None:
        """Serve until Ctrl-C, or until the system ends this process (SIGTERM)."""
        with stoppable():
            self.serve_forever()

    def handle_error(self, request, client_address) -> None:
        """A page that is closed while it loads is no fault; others are shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises UserError where there can be none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            sentence = f"port {port} of {host} is in use: give another one with --port."
        elif error.errno == errno.EACCES:
            sentence = f"port {port} may not be used: give one above 1023 with --port."
        else:
            sentence = f"{host} is no address of this machine: give another one with --host."
        raise UserError(sentence) from error
    return listener


def address_of(host: str, port: int) -> str:
    """What a browser is given to open."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block, not the process, so what is kept in temporary folders goes.

    Both are asked for by name: what a shell starts in the background ignores SIGINT otherwise.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        yield


def own_page(host: str, origin: str | None, loopback: bool) -> bool:
    """Whether a request with these headers comes from a page of the server that it is sent to."""
    name = urlsplit(f"//{host}").hostname or ""
    return (not loopback or is_loopback(name)) and origin in (None, f"http://{host}")


def is_loopback(name: str) -> bool:
    """Whether only this machine can be meant by ``name``."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class LocalHandler(BaseHTTPRequestHandler):
    """What the requests of a `LocalServer` share; ``do_GET`` and ``do_POST`` are the page's."""

    server: LocalServer
    policy: str
    """The Content-Security-Policy of every answer."""
    timeout = 60
    """Seconds without a byte after which a connection is given up."""

    def from_here(self) -> bool:
        """Whether the request comes from this server's own pages; answers it if it does not."""
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if own_page(host, origin, self.server.loopback):
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

    def log_message(self, *_) -> None:
        """Who asked for what is nobody's business."""

    def _head(self, status: HTTPStatus, kind: str, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Security-Policy", self.policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "same-origin")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
