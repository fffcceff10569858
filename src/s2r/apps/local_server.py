"""Servers of pages for browsers on this machine. Standard library only.

They listen on this machine only, unless another address is given. Requests must come from the
server's own pages: browsers send the origin of a request. On a loopback address the requested
host name must be a loopback name too, because another site can make its own name point here. A
proxy that speaks https to the outside may be named.
"""

import contextlib
import errno
import ipaddress
import json
import re
import resource
import signal
import socket
import socketserver
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from s2r.core.ends import end_by_signals
from s2r.core.errors import UserError

MOST_CONNECTIONS = 256
"""Connections that are open at a time, at most."""


class LocalServer(socketserver.ThreadingTCPServer):
    """One thread for each request, on one address; port 0 takes a free port.

    With more than ``most`` connections the oldest one that has not yet sent its request is closed,
    else the oldest, so clients that connect and say nothing cannot keep others out.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, handler: Callable, host: str, port: int, proxy: str | None = None):
        """``proxy``: see `own_page`. Raises UserError where the address cannot be used."""
        super().__init__((host, port), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listen(host, port)
        self.server_address = self.socket.getsockname()
        self.port = self.server_address[1]
        self.address = address_of(host, self.port)
        self.loopback = is_loopback(host)
        self.proxy = proxy
        self.most = most_connections()
        self._waiting: dict[socket.socket, bool] = {}  # open connections, oldest first
        self._lock = threading.Lock()

    def process_request(self, request: socket.socket, client_address) -> None:
        """Start the thread of a new connection; close the oldest waiting one if there are many."""
        closed = None
        with self._lock:
            self._waiting[request] = True
            if len(self._waiting) > self.most:
                oldest = next(iter(self._waiting))
                waiting = (one for one, waits in self._waiting.items() if waits)
                first = next(waiting)
                closed = oldest if first is request else first
                del self._waiting[closed]
        if closed:
            with contextlib.suppress(OSError):  # the client was faster
                closed.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def request_came(self, request: socket.socket) -> None:
        """The connection is no longer waiting: its answer may take time."""
        with self._lock:
            if request in self._waiting:
                self._waiting[request] = False

    def shutdown_request(self, request: socket.socket) -> None:
        """Close a connection."""
        with self._lock:
            self._waiting.pop(request, None)
        super().shutdown_request(request)

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


def most_connections() -> int:
    """MOST_CONNECTIONS, or half of the files that this process may open."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = limit == resource.RLIM_INFINITY
    return MOST_CONNECTIONS if unlimited else max(2, min(MOST_CONNECTIONS, limit // 2))


def own_page(host: str, origin: str | None, loopback: bool, proxy: str | None = None) -> bool:
    """Whether a request with these headers comes from a page of this server.

    The page may be shown by a proxy that speaks https and passes the host name on. On a loopback
    address the proxy's own address, ``https://NAME``, must be given for that.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:  # such as an opening bracket alone
        return False
    expected = not loopback or is_loopback(name) or (proxy and host == urlsplit(proxy).netloc)
    return bool(expected) and origin in (None, f"http://{host}", f"https://{host}", proxy or None)


def proxy_origin(address: str) -> str:
    """The origin that browsers send for a page at ``address``, https://NAME or http://NAME.

    UserError for anything else.
    """
    try:
        parts = urlsplit(address.strip().lower())
        valid = parts.scheme in ("https", "http") and parts.hostname and parts.path in ("", "/")
    except ValueError:
        valid = False
    if not valid or parts.query or parts.fragment or "@" in parts.netloc:
        raise UserError(f"{address} is not the address of a proxy: give https://NAME.")
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(name: str) -> bool:
    """Whether ``name`` can only mean this machine."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class LocalHandler(BaseHTTPRequestHandler, ABC):
    """Base of the request handlers of a `LocalServer`; they add ``get`` and ``post``."""

    server: LocalServer
    policy: str
    """The Content-Security-Policy of every answer."""
    longest_body = 0
    """Bytes of a request's body that are read."""
    timeout = 60
    """Seconds without a byte after which a connection is closed."""

    @abstractmethod
    def get(self) -> None:
        """Answer a request for a page."""

    @abstractmethod
    def post(self, body: bytes) -> None:
        """Answer a request with a body, of which ``longest_body`` bytes are given."""

    def do_GET(self) -> None:
        """Called for each request."""
        self._answer(self.get)

    def do_POST(self) -> None:
        """Called for each request; its body is read in any case, so that the answer arrives."""
        body = self.rfile.read(min(self.length(), self.longest_body))
        self._answer(self.post, body)

    def _answer(self, method: Callable, *arguments) -> None:
        """Let ``method`` answer a request that comes from this server's own pages."""
        self.server.request_came(self.request)
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if not own_page(host, origin, self.server.loopback, self.server.proxy):
            self.refuse("Requests from other sites are refused.", HTTPStatus.FORBIDDEN)
            return
        try:
            method(*arguments)
        except (ConnectionError, TimeoutError):  # the page was closed
            raise
        except Exception as error:  # a request without an answer would look like a dead server
            print(f"A request failed: {type(error).__name__}: {error}", file=sys.stderr)
            sentence = "The server could not answer this request."
            self.refuse(sentence, HTTPStatus.INTERNAL_SERVER_ERROR)

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
