"""What the studio's page can ask for, and the command that serves it."""

import io
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from PIL import Image

from s2r.commands import DEFAULT_MODEL
from s2r.device import find_device
from s2r.errors import UserError
from s2r.local_server import LocalHandler, LocalServer
from s2r.model_folder import SpeechModel, load_model_folder
from s2r.studio.jobs import LONGEST, SIZES, Studio

LARGEST = 500_000_000
"""Bytes of an uploaded file."""

LARGEST_WISH = 10_000
"""Bytes of a request for a video."""

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".h5": "application/x-hdf5",
}

PAGE = {
    path: files("s2r.studio").joinpath(name).read_bytes()
    for path, name in (("/", "page.html"), ("/page.css", "page.css"), ("/page.js", "page.js"))
}


def serve(folders: Sequence[Path], host: str, port: int, device: str) -> None:
    """Serve the studio with the models in ``folders`` until interrupted; prints the address.

    Raises UserError as `open_studio` does.
    """
    with open_studio(folders or [DEFAULT_MODEL], host, port, find_device(device)) as server:
        if not server.loopback:
            print(
                f"Warning: everybody who can reach {host} over the network can use this studio; "
                "what they send is not encrypted.",
                file=sys.stderr,
            )
        print(f"The studio is at {server.address} (Ctrl-C ends it).", flush=True)
        server.serve_until_stopped()
    print("\nThe studio is closed.")


@contextmanager
def open_studio(
    folders: Sequence[Path], host: str, port: int, device: str
) -> Iterator["StudioServer"]:
    """The server with its models loaded; what it makes lies in a folder that goes with it.

    Raises UserError for a folder that is no model, and an address that cannot be used.
    """
    with (
        tempfile.TemporaryDirectory(prefix="s2r-studio-", ignore_cleanup_errors=True) as work,
        StudioServer(Handler, host, port) as server,
    ):
        models: dict[str, SpeechModel] = {}
        server.cards = {}
        for folder in folders:
            loaded = load_model_folder(folder, device)
            name = loaded.name if loaded.name not in models else str(folder)
            models[name] = loaded
            server.cards[name] = (Path(folder) / "README.md").read_text()
        server.studio = Studio(models, Path(work))
        yield server


class StudioServer(LocalServer):
    """A server with something to show."""

    studio: Studio
    cards: dict[str, str]
    """The model card of every model."""


class Handler(LocalHandler):
    """One request of the page."""

    server: StudioServer

    def do_GET(self) -> None:
        """The page, a reference frame, how a job is doing, or a file of it."""
        if not self.from_here():
            return
        studio = self.server.studio
        path = urlsplit(self.path).path
        match [unquote(part) for part in path.split("/")[1:]]:
            case _ if path in PAGE:
                self.reply(PAGE[path], KINDS[Path(path).suffix or ".html"])
            case ["models"]:
                self.tell(self._about())
            case ["references", model, speaker] if (
                model in studio.models and speaker in studio.models[model].references
            ):
                self.reply(_png(studio.models[model].references[speaker]), KINDS[".png"])
            case ["jobs", key] if status := studio.status(key):
                self.tell(status)
            case ["jobs", key, name] if name in (studio.status(key) or {"files": ()})["files"]:
                self.send_file(studio.folder / key / name, KINDS[Path(name).suffix])
            case _:
                self.refuse("There is no such page.", HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """A file to keep, or a video to make."""
        if not self.from_here():
            return
        address = urlsplit(self.path)
        try:
            if address.path == "/files":
                name = parse_qs(address.query).get("name", ["file"])[0]
                self.tell({"key": self._receive(name)})
            elif address.path == "/jobs":
                self.tell({"key": self.server.studio.submit(self._content())})
            else:
                self.refuse("There is no such page.", HTTPStatus.NOT_FOUND)
        except UserError as fault:
            self.refuse(str(fault))

    def _about(self) -> dict:
        """What the page offers to choose from."""
        studio = self.server.studio
        models = [
            {"name": name, "speakers": [*loaded.references], "card": self.server.cards[name]}
            for name, loaded in studio.models.items()
        ]
        return {"models": models, "sizes": SIZES, "longest": LONGEST}

    def _receive(self, name: str) -> str:
        """Keep the body of the request as a file, piece by piece; returns its key."""
        left = self.length()
        if left > LARGEST:
            raise UserError(
                f"{name} is larger than {LARGEST / 1e6:.0f} MB: send the sound without the "
                "picture, or use the command `s2r generate`."
            )
        key, path = self.server.studio.upload_path(name, left)
        try:
            with path.open("wb") as file:
                while left:
                    piece = self.rfile.read(min(left, 1 << 20))
                    if not piece:
                        raise ConnectionAbortedError(f"{name} did not arrive whole")
                    file.write(piece)
                    left -= len(piece)
        except OSError:
            self.server.studio.drop_upload(key)
            raise
        return key

    def _content(self) -> dict:
        """The JSON object of the request. A type that a form of another site cannot send."""
        if self.headers.get_content_type() != "application/json" or self.length() > LARGEST_WISH:
            raise UserError("The request must be a short JSON object.")
        try:
            content = json.loads(self.rfile.read(self.length()))
        except ValueError as error:
            raise UserError("The request is not valid JSON.") from error
        if not isinstance(content, dict):
            raise UserError("The request must be a JSON object.")
        return content


def _png(picture) -> bytes:
    """A picture (H, W) uint8 as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()
