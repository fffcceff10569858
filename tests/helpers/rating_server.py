"""A rating study served in a thread, and requests as its page sends them."""

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path

from s2r.apps.rating.answers import Answers
from s2r.apps.rating.manifest import read_manifest
from s2r.apps.rating.server import RatingServer


class Client:
    """Requests as the page sends them."""

    def __init__(self, port: int):
        self.port = port

    def ask(self, method, path, content=None, **headers):
        """Status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        body = content if content is None or isinstance(content, bytes) else json.dumps(content)
        headers = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        data = body.encode() if isinstance(body, str) else body or b""
        connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        reply = connection.getresponse()
        found = reply.status, reply.read()
        connection.close()
        return found

    def send(self, path, **content):
        """The JSON of a reply that must be good."""
        status, body = self.ask("POST", path, content)
        assert status == 200, body
        return json.loads(body)


@contextlib.contextmanager
def served_study(folder: Path, answers: Path) -> Iterator[RatingServer]:
    """The server of a rating folder, on a free port."""
    manifest = read_manifest(folder)
    with RatingServer("127.0.0.1", 0) as server:
        server.store = Answers(answers, manifest)
        server.folder = folder
        server.clips = set(manifest["clip"])
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()
