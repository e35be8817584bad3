"""Processes that end in the middle: killed, told to stop, started again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from typing_extensions import override

from storage.database import Reader
from tests.service.listening import Ears
from traces.runs_store import RunStore
from traces.store import TraceStore

BIN = Path(sys.executable).parent
PATIENCE_S = 30


class SlowPage(ThreadingHTTPServer):
    """A page that answers once it is let go; counts who asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.let_go = threading.Event()
        self.asked = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked was killed meanwhile."""


class _Answer(BaseHTTPRequestHandler):
    server: SlowPage  # type: ignore[mutable-override]  # the server that made it

    def do_GET(self) -> None:
        self.server.asked += 1
        self.server.let_go.wait(PATIENCE_S)
        body = b"<html><title>Fine</title><p>Hello</p></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def page() -> Iterator[SlowPage]:
    server = SlowPage()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.let_go.set()
    server.shutdown()
    server.server_close()
    thread.join()


def slow_plan(page: SlowPage) -> dict[str, Any]:
    common: dict[str, Any] = {"dependencies": [], "input_keys": []}
    first = {"id": "a", "objective": "echo", "required_agent": "wasm:echo", **common}
    second = {"id": "b", "objective": "wait", "required_agent": "scrape", **common, "dependencies": ["a"]}
    url = {"literal": f"http://{page.address}/"}
    return {
        "objective": "wait for a slow page",
        "subtasks": [
            {**first, "bind": {"x": {"literal": 1}}, "output_key": "said"},
            {**second, "bind": {"url": url, "render": {"literal": "never"}}, "output_key": "page"},
        ],
    }


class Commands:
    """Starts commands in a folder, and leaves none running."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def __call__(self, *words: str) -> subprocess.Popen[str]:
        command = [str(BIN / "callsheet"), *words]
        process = subprocess.Popen(command, cwd=self._folder, stderr=subprocess.PIPE, text=True)
        self._started.append(process)
        return process

    def serve(self, page: SlowPage) -> tuple[subprocess.Popen[str], str]:
        """Start a server that may reach a page; return it with its address."""
        process = self("serve", "--port", "0", "--allow-private", page.address)
        return process, heard(process, "serves http").split("serves ")[1].split(" ")[0]

    def end(self) -> None:
        """Kill what runs still."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            if process.stderr is not None and not process.stderr.closed:
                process.communicate()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Commands]:
    commands = Commands(tmp_path)
    yield commands
    commands.end()


def heard(process: subprocess.Popen[str], mark: str) -> str:
    """Return the line of a process's stderr that has a mark in it."""
    assert process.stderr is not None
    for line in process.stderr:
        if mark in line:
            return line
    raise AssertionError(f"{mark!r} was never said")


async def until_asked(page: SlowPage, times: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while page.asked < times:
            await Ears().pause()


def kept(folder: Path) -> tuple[RunStore, TraceStore, Reader]:
    reader = Reader.open(folder / ".callsheet/callsheet.db")
    return RunStore(reader), TraceStore(reader), reader


async def test_a_killed_server_goes_on_where_it_was(start: Commands, page: SlowPage) -> None:
    process, url = start.serve(page)
    async with httpx.AsyncClient() as client:
        taken = await client.post(
            f"{url}/objectives", json={"plan": slow_plan(page)}, headers={"Idempotency-Key": "k"}
        )
    assert taken.status_code == 202
    await until_asked(page, 1)
    process.kill()
    process.communicate()
    page.let_go.set()
    process, url = start.serve(page)
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        again = await client.post(
            f"{url}/objectives",
            json={"plan": slow_plan(page)},
            headers={"Idempotency-Key": "k", "Prefer": "wait=30"},
        )
        traces = (await client.get(f"{url}/traces")).json()["traces"]
        events = await client.get(
            f"{url}/objectives/{taken.json()['run_id']}/events", headers={"Accept": "application/json"}
        )
    process.terminate()
    process.communicate(timeout=PATIENCE_S)
    assert again.json()["run_id"] == taken.json()["run_id"]
    assert again.json()["state"] == "succeeded"
    assert [t["subtask_id"] for t in traces].count("a") == 1
    numbers = [e["event_id"] for e in events.json()["events"]]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_a_server_told_to_stop_ends_soon_and_leaves_its_runs_to_the_next(
    tmp_path: Path, start: Commands, page: SlowPage
) -> None:
    process, url = start.serve(page)
    ears = Ears()
    async with httpx.AsyncClient() as client:
        taken = (await client.post(f"{url}/objectives", json={"plan": slow_plan(page)})).json()
    await until_asked(page, 1)
    streams = [await ears(url, f"/objectives/{taken['run_id']}/events") for _ in range(20)]
    for stream in streams:
        assert await stream.numbers(2) == [1, 2]
    before = time.monotonic()
    process.terminate()
    await asyncio.gather(*(stream.events(100) for stream in streams))
    _, said = await asyncio.to_thread(process.communicate, timeout=PATIENCE_S)
    took = time.monotonic() - before
    await ears.close()
    assert (process.returncode, "Traceback" in said) == (0, False)
    assert took < 10  # three seconds, where nobody else wants the machine
    runs, traces, reader = kept(tmp_path)
    assert runs.get(taken["run_id"]).state.value == "running"
    assert [t.status for t in traces.of_run(taken["run_id"]) if t.subtask_id == "a"] == ["success"]
    reader.close()
    page.let_go.set()
    process, url = start.serve(page)
    async with httpx.AsyncClient() as client:
        stream = await ears(url, f"/objectives/{taken['run_id']}/events")
        events = await stream.events(1000)
        ended = (await client.get(f"{url}/objectives/{taken['run_id']}")).json()
    await ears.close()
    process.terminate()
    process.communicate(timeout=PATIENCE_S)
    assert (ended["state"], events[-1]["kind"]) == ("succeeded", "succeeded")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_run_told_to_stop_is_cancelled_and_its_end_is_kept(
    tmp_path: Path, start: Commands, page: SlowPage, number: signal.Signals
) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(slow_plan(page)))
    process = start("run", "plan.json", "--allow-private", page.address)
    heard(process, "▶ b")
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Traceback" not in said
    runs, _, reader = kept(tmp_path)
    (left,) = runs.page().runs
    reader.close()
    assert left.state.value == "cancelled"
