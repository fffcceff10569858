"""The server of the studio: who may ask, odd requests, addresses, and how it ends."""

import asyncio
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.listening import listening
from helpers.studio_server import ask, second_model, served
from helpers.tiny_model import write_tiny_model
from s2r.apps.local_server import LocalServer, is_loopback
from s2r.apps.studio.server import StudioServer, guard
from s2r.cli import main

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[studio]'")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("models")) as server:
        yield server


def test_other_sites_are_refused(server):
    assert ask(server, "GET", "/")[0] == 200
    assert ask(server, "POST", "/gradio_api/upload", b"x", Origin="http://example.org")[0] == 403
    assert ask(server, "GET", "/config", Host=f"example.org:{server.port}")[0] == 403
    here = f"localhost:{server.port}"
    for path in (
        "file=http://example.org/x",
        "file=HTTPS:/example.org",
        "proxy=http://example.org",
    ):
        assert ask(server, "GET", f"/gradio_api/{path}")[0] == 403
    status, headers, _ = ask(server, "GET", "/config", Host=here, Origin=f"http://{here}")
    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")


def test_odd_requests_are_answered(server, capfd):
    for host in ("[", "[::1", "a]b", ""):
        assert ask(server, "GET", "/config", Host=host)[0] == 403
    kind = {"Content-Type": "application/json"}
    for body in (b"[" * 100_000, b"\xff", b"{"):
        status, _, content = ask(server, "POST", "/gradio_api/queue/join", body, **kind)
        assert status >= 400
        assert content
    assert "Traceback" not in capfd.readouterr().err


def test_idle_clients_keep_nobody_out(server, monkeypatch):
    monkeypatch.setattr(server.web_server, "most", 4)
    with contextlib.ExitStack() as stack:
        idle = {
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            for _ in range(10)
        }
        begun = b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
        min(idle, key=lambda one: one.fileno()).sendall(begun)
        while len(idle) > 4:
            closed, _, _ = select.select(idle, [], [], 30)
            assert closed
            idle -= set(closed)
        assert ask(server, "GET", "/config", Host=f"localhost:{server.port}")[0] == 200


def test_a_page_behind_a_proxy_with_https(server):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def status(loopback, proxy, host, origin):
        sent = []

        async def send(message):
            sent.append(message)

        headers = [(b"host", host.encode()), (b"origin", origin.encode())]
        scope = {"type": "http", "path": "/", "headers": headers}
        asyncio.run(guard(app, loopback, proxy)(scope, None, send))
        return sent[0]["status"]

    lab = "https://studio.lab.example"
    assert status(False, None, "studio.lab.example", lab) == 200
    assert status(True, None, "studio.lab.example", lab) == 403
    assert status(True, lab, "studio.lab.example", lab) == 200
    assert status(True, lab, "127.0.0.1:8643", lab) == 200
    assert status(True, lab, "studio.lab.example", "https://evil.example") == 403


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="no list of sockets in /proc")
@pytest.mark.parametrize("command", ["studio", "rate"])
def test_pages_are_for_this_machine_by_default(command, monkeypatch):
    passed = {}

    def serve(folder, *arguments):
        passed["host"] = next(value for value in arguments if isinstance(value, str))

    package = {"studio": "studio", "rate": "rating"}[command]
    monkeypatch.setattr(f"s2r.apps.{package}.server.serve", serve)
    main([command])
    with LocalServer(BaseHTTPRequestHandler, passed["host"], 0) as server:
        assert server.loopback
        assert listening() == {"127.0.0.1"}


def test_addresses(capsys, tmp_path, monkeypatch):
    assert is_loopback("127.0.0.2")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("localhost.example.org")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["studio", "--port", port]) == 1
        assert f"port {port} of 127.0.0.1 is in use" in capsys.readouterr().err
    assert main(["studio", "--port", "0", "--host", "256.0.0.1"]) == 1
    assert "is not an address of this machine" in capsys.readouterr().err
    assert main(["studio", "--port", "0", "--model", str(tmp_path)]) == 1
    assert "not a model folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["studio", "--port", "70000"])


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_address_warning_and_nothing_left(host, server, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = signal.getsignal(signal.SIGTERM)

    def ended(_):
        assert len(list(tmp_path.iterdir())) == 1
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(StudioServer, "serve", ended)
    folder = second_model(server)
    try:
        assert main(["studio", "--port", "0", "--host", host, "--model", folder]) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    written = capsys.readouterr()
    assert f"http://{host}:" in written.out
    assert "closed" in written.out
    assert ("Warning: everybody" in written.err) == (host == "0.0.0.0")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("terminal_signals")
@pytest.mark.parametrize("ended", [signal.SIGINT, signal.SIGHUP])
def test_as_a_process_it_serves_this_machine_and_leaves_nothing(ended, tmp_path):
    model = write_tiny_model(tmp_path / "a" / "tiny")
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "s2r.cli", "studio", "--port", "0", "--model", str(model)],
        env=os.environ | {"TMPDIR": str(tmp_path / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("The studio is at http://127.0.0.1:")
        server = SimpleNamespace(port=int(line.split("127.0.0.1:")[1].split("/")[0]))
        assert b"s2r studio" in ask(server, "GET", "/")[2]
        if Path("/proc/self/net/tcp").exists():
            assert listening(process.pid) == {"127.0.0.1"}
        assert len(list((tmp_path / "tmp").glob("s2r-studio-*"))) == 1
        process.send_signal(ended)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out) == (0, "\nThe studio is closed.\n")
    assert err == "Loading the studio; this takes some seconds.\n"
    assert not list((tmp_path / "tmp").glob("s2r-studio-*"))


def test_without_gradio_the_command_says_what_to_install(monkeypatch, capsys, tmp_path):
    for name in ("s2r.apps.studio.actions", "s2r.apps.studio.page"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert main(["studio", "--port", "0", "--model", str(tmp_path)]) == 1
    assert "needs Gradio, which is not installed: pip install" in capsys.readouterr().err
