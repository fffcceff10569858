"""A studio with two small models, served in a thread for the length of a block."""

import contextlib
import http.client
import threading
import time
from pathlib import Path

import pytest

from helpers.tiny_model import write_tiny_model
from s2r.apps import models
from s2r.apps.studio.server import open_studio


@contextlib.contextmanager
def served(folder: Path):
    """Its address; the two models have one name: ``tiny`` and ``FOLDER/b/tiny``.

    There is no contour probe, also where the folder of the project has results.
    """
    folders = [write_tiny_model(folder / name / "tiny") for name in ("a", "b")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "DEFAULT_PROBE", folder / "no_probe.safetensors")
        with open_studio(folders, "127.0.0.1", 0, "cpu") as server:
            thread = threading.Thread(target=server.serve)
            thread.start()
            try:
                while not server.started:
                    assert thread.is_alive()
                    time.sleep(0.05)
                yield server
            finally:
                server.stop()
                thread.join()


def ask(server, method, path, body=None, **headers):
    """Status, headers and body of the answer to one request."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


def second_model(server) -> str:
    """The name of the second model: its folder, since both models have the same name."""
    return next(name for name in server.actions.models if "/" in name)
