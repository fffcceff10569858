"""A Hugging Face hub of one's own on the loopback interface: as much of it as a model needs.

Repositories are in memory, every file goes through the ordinary commit, and the branch ``main`` is
the last one. `huggingface_hub` itself talks to it.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


class Hub:
    """The state of the server: {repository: {commit: {file: content}}}, the last commit is main."""

    def __init__(self):
        self.repositories: dict[str, dict[str, dict[str, bytes]]] = {}
        self.address = ""
        self.requests: list[str] = []

    def commit(self, name: str, files: dict[str, bytes]) -> str:
        """Add files to a repository; the commit."""
        commits = self.repositories.setdefault(name, {})
        content = {**(list(commits.values())[-1] if commits else {}), **files}
        digest = hashlib.sha1(repr((len(commits), sorted(content.items()))).encode()).hexdigest()
        commits[digest] = content
        return digest

    def find(self, name: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """A commit and its files; None where there is none."""
        commits = self.repositories.get(name, {})
        key = list(commits)[-1] if revision == "main" and commits else revision
        return (key, commits[key]) if key in commits else None


@contextmanager
def model_hub() -> Iterator[Hub]:
    """A hub that answers at ``address`` while the block runs."""
    hub = Hub()

    class Handler(_Handler):
        state = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Hub

    def log_message(self, *_) -> None:
        self.state.requests.append(f"{self.command} {self.path}")

    def do_HEAD(self) -> None:
        self._resolve()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            self._information(found[1], found[2] or "main")
        else:
            self._resolve()

    def do_POST(self) -> None:
        path = unquote(urlsplit(self.path).path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'owner'}/{asked['name']}"
            self.state.repositories.setdefault(name, {})
            self._json({"url": f"{self.state.address}/{name}"})
        elif path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif re.fullmatch(r"/api/models/.+/preupload/main", path):
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            self._json({"files": files})
        elif found := re.fullmatch(r"/api/models/(.+)/commit/main", path):
            lines = [json.loads(line) for line in body.splitlines()]
            files = {
                line["value"]["path"]: base64.b64decode(line["value"]["content"])
                for line in lines
                if line["key"] == "file"
            }
            commit = self.state.commit(found[1], files)
            url = f"{self.state.address}/{found[1]}/commit/{commit}"
            self._json({"success": True, "commitOid": commit, "commitUrl": url})
        else:
            self._missing("EntryNotFound")

    def _information(self, name: str, revision: str) -> None:
        if name not in self.state.repositories:
            self._missing("RepoNotFound")
        elif (found := self.state.find(name, revision)) is None:
            self._missing("RevisionNotFound")
        else:
            siblings = [{"rfilename": file} for file in found[1]]
            self._json({"id": name, "modelId": name, "sha": found[0], "siblings": siblings})

    def _resolve(self) -> None:
        path = unquote(urlsplit(self.path).path)
        found = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if not found or found[1] not in self.state.repositories:
            return self._missing("RepoNotFound")
        content = self.state.find(found[1], found[2])
        if content is None:
            return self._missing("RevisionNotFound")
        if found[3] not in content[1]:
            return self._missing("EntryNotFound", content[0])
        data = content[1][found[3]]
        self.send_response(200)
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", content[0])
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        return None

    def _json(self, content: dict) -> None:
        data = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _missing(self, code: str, commit: str = "") -> None:
        self.send_response(401 if code == "RepoNotFound" else 404)
        self.send_header("X-Error-Code", code)
        if commit:
            self.send_header("X-Repo-Commit", commit)
        self.send_header("Content-Length", "0")
        self.end_headers()
