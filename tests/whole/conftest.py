"""The whole house in one process: real desk, real agents, real database, a hostile site on loopback."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from contracts.plan import load_plan
from contracts.policy import Grant
from contracts.run import Run
from contracts.trace import ExecutionTrace
from service.compose import open_desk
from service.settings import load_settings


class _Site(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hostile)
        self.released = threading.Event()


class _Hostile(BaseHTTPRequestHandler):
    server: _Site  # type: ignore[mutable-override]  # the server that made it
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        answer = getattr(self, "at_" + self.path.strip("/").partition(".")[0].replace("/", "_"), None)
        if answer is None:
            self.plain(404, b"<title>none</title>nothing here")
        else:
            answer()

    def plain(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/html", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def at_ok(self) -> None:
        self.plain(200, b"<html><title>Fine</title><p>Hello</p></html>")

    def at_broken(self) -> None:
        self.plain(500, b"broken")

    def at_never(self) -> None:
        self.server.released.wait(20)

    def at_huge(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(50 * 1024 * 1024))
        self.end_headers()
        try:
            for _ in range(50):
                self.wfile.write(b"x" * 1024 * 1024)
        except OSError:
            self.close_connection = True

    def at_inward(self) -> None:
        self.plain(302, b"", Location="http://169.254.169.254/latest/meta-data/")

    def at_text(self) -> None:
        self.plain(200, b"this is no image", Content_Type="image/png")

    def at_bomb(self) -> None:
        self.plain(200, bomb_png(), Content_Type="image/png")

    @override
    def log_message(self, *args: Any) -> None:
        pass


def bomb_png() -> bytes:
    """A PNG whose header says 100,000 x 100,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="session")
def hostile() -> Iterator[str]:
    server = _Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


class House:
    """Runs plans and objectives in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.grants: tuple[Grant, ...] = ()

    def allow(self, *addresses: str) -> None:
        self.grants = tuple(Grant(kind="private_host", value=a, by="test") for a in addresses)

    async def run(self, *subtasks: dict[str, Any], **plan: Any) -> tuple[Run, list[ExecutionTrace]]:
        settings = load_settings(
            {"storage": {"path": self.folder / "c.db"}, "traces": {"folder": self.folder / "runs"}}
        )
        document = {"objective": "a test", "subtasks": list(subtasks), **plan}
        async with open_desk(settings, grants=self.grants) as desk:
            run = await desk.start("a test", inputs={}, plan=load_plan(document))
            assert await desk.engine.wait(run.run_id, 60)
            return desk.runs.get(run.run_id), list(desk.traces.whole_of_run(run.run_id))

    async def code(self, agent: str, **inputs: Any) -> str:
        """The error code of one subtask that must fail."""
        timeout = inputs.pop("timeout_s", 20)
        bind = {name: {"literal": value} for name, value in inputs.items()}
        step = {
            "id": "s", "objective": "o", "required_agent": agent, "dependencies": [], "input_keys": [],
            "bind": bind, "output_key": "k", "timeout_s": timeout, "retries": 0,
        }  # fmt: skip
        run, traces = await self.run(step)
        assert run.state.value == "failed"
        assert len(traces) == 1
        error = traces[0].metadata.error
        assert error is not None
        assert "Traceback" not in error.message
        return error.code


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.chdir(tmp_path)
    return House(tmp_path)
