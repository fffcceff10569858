"""The server of the studio's page, and its access rules."""

import os
import re
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from s2r.apps.local_server import (
    address_of,
    is_loopback,
    listen,
    own_page,
    proxy_origin,
    stoppable,
)
from s2r.apps.models import DEFAULT_MODEL, chosen_probe, place_of
from s2r.apps.studio.examples import find_examples
from s2r.core.device import find_device
from s2r.core.errors import UserError
from s2r.generation.folder_content import read_card
from s2r.generation.model_folder import SpeechModel, load_model_folder

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' blob: data:; worker-src 'self' blob:; "
    "media-src 'self' blob: data:; img-src 'self' blob: data:; font-src 'self' data:; "
    "form-action 'none'; base-uri 'self'; frame-ancestors 'none'"
)
"""The page may load from its own server only; Gradio needs scripts inside the document."""

FETCHES = re.compile(r"/(file=https?:|proxy=)", re.IGNORECASE)
"""Addresses at which Gradio would fetch a file from another server."""

CLOSING = 2
"""Seconds for which open connections may continue after the studio is closed."""


def serve(
    folders: Sequence[str | Path],
    host: str,
    port: int,
    device: str,
    proxy: str | None = None,
    probe: Path | None = None,
) -> None:
    """Serve the studio with the models in ``folders`` until interrupted; prints the address.

    ``probe`` is the file of a contour probe, by default that of the workflow. ``proxy`` is the
    address of a proxy that shows the page. Raises UserError as `open_studio` does.
    """
    print("Loading the studio; this takes some seconds.", file=sys.stderr)
    folders = folders or [DEFAULT_MODEL]
    with open_studio(folders, host, port, find_device(device), proxy, probe) as studio:
        if not is_loopback(host):
            print(
                f"Warning: everybody who can reach {host} over the network can use this studio; "
                "what they send is not encrypted.",
                file=sys.stderr,
            )
        print(f"The studio is at {studio.address} (Ctrl-C ends it).", flush=True)
        with stoppable():
            studio.serve()
    print("\nThe studio is closed.")


class StudioServer:
    """A server that listens; `serve` starts to answer."""

    def __init__(self, app, listener: socket.socket, host: str, actions):
        import uvicorn

        from s2r.apps.studio.fair_server import FairServer

        self.port = listener.getsockname()[1]
        self.address = address_of(host, self.port)
        self.actions = actions
        self._listener = listener
        self.web_server = FairServer(
            uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=CLOSING)
        )

    def serve(self) -> None:
        """Answer until `stop`, or a signal that ends the process."""
        self.web_server.run(sockets=[self._listener])

    def stop(self) -> None:
        """End `serve`, from another thread."""
        self.web_server.should_exit = True

    @property
    def started(self) -> bool:
        return self.web_server.started


@contextmanager
def open_studio(
    folders: Sequence[str | Path],
    host: str,
    port: int,
    device: str,
    proxy: str | None = None,
    probe: Path | None = None,
) -> Iterator[StudioServer]:
    """The server with its models loaded; its files are in a temporary folder, removed at the end.

    Without ``probe`` that of the workflow is used, where there is one. Raises UserError for a
    folder that is not a model folder, a file that is no probe, for an address that cannot be used,
    and where Gradio is not installed.
    """
    proxy = proxy and proxy_origin(proxy)
    with (
        tempfile.TemporaryDirectory(prefix="s2r-studio-", ignore_cleanup_errors=True) as work,
        gradio_settings(Path(work)),
        listen(host, port) as listener,
    ):
        try:
            from s2r.apps.studio.actions import Actions
            from s2r.apps.studio.page import application
        except ModuleNotFoundError as error:
            if error.name != "gradio":
                raise
            raise UserError(
                "the studio needs Gradio, which is not installed: "
                "pip install -c constraints.txt -e '.[studio]'"
            ) from error
        models: dict[str, SpeechModel] = {}
        cards: dict[str, str] = {}
        for model in folders:
            folder = place_of(model).folder
            loaded = load_model_folder(folder, device)
            name = loaded.name if loaded.name not in models else str(model)
            models[name] = loaded
            cards[name] = read_card(folder)
        first = next(iter(models.values()))
        examples = find_examples(place_of(folders[0]).folder.parent, list(first.references))
        found = _probe_or_reason(probe, first.probe)
        actions = Actions(models, cards, Path(work), examples, *found)
        page = guard(application(actions), is_loopback(host), proxy)
        try:
            yield StudioServer(page, listener, host, actions)
        finally:
            actions.close()


def _probe_or_reason(path: Path | None, own: Path | None) -> tuple:
    """The contour probe, or None and why there is none; UserError for a file that was named."""
    from s2r.apps.overlay import open_probe

    try:
        return open_probe(chosen_probe(path, own)), ""
    except UserError as error:
        if path:
            raise
        return None, str(error)


@contextmanager
def gradio_settings(work: Path) -> Iterator[None]:
    """Let Gradio keep its files, uploads that have not arrived too, in ``work`` and send nothing to
    the internet."""
    settings = {
        "GRADIO_TEMP_DIR": str(work / "pages"),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    folder, tempfile.tempdir = tempfile.tempdir, str(work)
    try:
        yield
    finally:
        tempfile.tempdir = folder
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def guard(app, loopback: bool, proxy: str | None = None):
    """``app`` (ASGI) for requests of its own pages only; adds ``POLICY`` to its answers.

    A request that the app fails at, such as JSON of a thousand levels, is told in one line.
    """

    async def guarded(scope, receive, send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        allowed = own_page(headers.get("host", ""), headers.get("origin"), loopback, proxy)
        if not allowed or FETCHES.search(scope["path"]):
            await _refuse(send, 403, b"Requests from and to other sites are refused.")
            return
        begun = False

        async def with_policy(message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [
                    *message["headers"],
                    (b"content-security-policy", POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"same-origin"),
                ]
            await send(message)

        try:
            await app(scope, receive, with_policy)
        except Exception as error:
            print(f"A request failed: {type(error).__name__}: {error}", file=sys.stderr)
            if not begun:
                await _refuse(send, 500, b"The studio could not answer this request.")

    return guarded


async def _refuse(send, status: int, body: bytes) -> None:
    kind = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": kind})
    await send({"type": "http.response.body", "body": body})
