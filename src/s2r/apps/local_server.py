"""Servers of pages for browsers on this machine. Standard library only.

They listen on this machine only, unless another address is given. Requests must come from the
server's own pages: browsers send the origin of a request. On a loopback address the requested
host name must be a loopback name too, because another site can make its own name point here.
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

from s2r.core.ends import end_by_signals
from s2r.core.errors import UserError


class LocalServer(socketserver.ThreadingTCPServer):
    """One thread for each request, on one address; port 0 takes a free port."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, handler: Callable, host: str, port: int):
        """Raises UserError where the address cannot be used."""
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
        """Print the error, unless a page was closed while it loaded."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free port. UserError where the address cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            sentence = f"port {port} of {host} is in use: choose another one with --port."
        elif error.errno == errno.EACCES:
            sentence = f"port {port} may not be used: choose one above 1023 with --port."
        else:
            sentence = f"{host} is not an address of this machine: choose another with --host."
        raise UserError(sentence) from error
    return listener


def address_of(host: str, port: int) -> str:
    """The address to open in a browser."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP end the block, not the process, so that temporary folders go.

    SIGINT counts in any case: a process that a shell starts in the background ignores it otherwise.
    """
    end_by_signals(always=(signal.SIGINT,))
    with contextlib.suppress(KeyboardInterrupt):
        yield


def own_page(host: str, origin: str | None, loopback: bool) -> bool:
    """Whether a request with these headers comes from a page of this server."""
    name = urlsplit(f"//{host}").hostname or ""
    return (not loopback or is_loopback(name)) and origin in (None, f"http://{host}")


def is_loopback(name: str) -> bool:
    """Whether ``name`` can only mean this machine."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class LocalHandler(BaseHTTPRequestHandler):
    """Base of the request handlers of a `LocalServer`; they add ``do_GET`` and ``do_POST``."""

    server: LocalServer
    policy: str
    """The Content-Security-Policy of every answer."""
    timeout = 60
    """Seconds without a byte after which a connection is closed."""

    def from_own_page(self) -> bool:
        """Whether the request comes from this server's own pages; refuses it if not."""
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if own_page(host, origin, self.server.loopback):
            return True
        self.refuse("Requests from other sites are refused.", HTTPStatus.FORBIDDEN)
        return False

    def length(self) -> int:
        """Bytes of the request's body; 0 where the header is missing."""
        stated = self.headers.get("Content-Length", "")
        return int(stated[:18]) if re.fullmatch("[0-9]+", stated) else 0

    def send_json(self, content: object, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Answer with JSON."""
        self.reply(json.dumps(content).encode(), "application/json", status)

    def refuse(self, sentence: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        """Answer with ``{"error": sentence}`` and close the connection."""
        self.close_connection = True
        self.send_json({"error": sentence}, status)

    def reply(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Answer with ``body``."""
        self._head(status, kind, len(body))
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        """Log nothing: requests are private."""

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
