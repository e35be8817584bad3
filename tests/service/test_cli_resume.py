from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from tests.service.commands_at_hand import BIN, ECHO, FAILS, STEP, process, ran, serving, typed


class Page:
    """A page that answers when a test says so."""

    def __init__(self) -> None:
        self.asked, self.answers = threading.Event(), threading.Event()
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page.asked.set()
                page.answers.wait(30)
                self.send_response(200)
                self.send_header("content-length", "2")
                self.end_headers()
                with suppress(OSError):  # whoever asked was killed
                    self.wfile.write(b"hi")

            @override
            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def page() -> Iterator[Page]:
    made = Page()
    with made.server:
        serving_it = threading.Thread(target=made.server.serve_forever)
        serving_it.start()
        yield made
        made.answers.set()
        made.server.shutdown()
        serving_it.join()


def reading(address: str) -> dict[str, Any]:
    """Return a plan that says something, then reads the page."""
    bind = {"url": {"literal": f"http://{address}/"}, "render": {"literal": "never"}}
    read = {
        **STEP,
        "id": "b",
        "required_agent": "scrape",
        "dependencies": ["a"],
        "bind": bind,
        "output_key": "page",
    }
    return {"objective": "read a slow page", "subtasks": [STEP, read]}


def unfinished(folder: Path, count: int) -> list[str]:
    """Leave runs that nobody has begun with; return their ids."""
    parent = ran(folder, FAILS)
    return [typed(folder, "objectives", "retry", parent).out.strip() for _ in range(count)]


def state_of(folder: Path, run_id: str) -> str:
    found: str = typed(folder, "objectives", "show", run_id, "--json").json["state"]
    return found


def test_a_run_that_waits_is_left_with_the_command_that_lets_it_go_on(tmp_path: Path) -> None:
    done = process(tmp_path, "run", "-", "--approval", "plan", stdin=json.dumps(ECHO))
    run_id = typed(tmp_path, "objectives", "list").out.split()[0]
    assert (done.code, done.out) == (4, "")
    assert f"callsheet objectives approve {run_id}" in done.err
    assert f"callsheet run --resume {run_id}" in done.err
    assert state_of(tmp_path, run_id) == "awaiting_approval"


def test_a_killed_run_goes_on_from_its_last_finished_subtask(tmp_path: Path, page: Page) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(reading(page.address)))
    killed = subprocess.Popen(
        [str(BIN / "callsheet"), "run", "plan.json", "--allow-private", page.address],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with killed:
        assert page.asked.wait(30)
        killed.send_signal(signal.SIGKILL)
    (run_id,) = [line.split()[0] for line in typed(tmp_path, "objectives", "list").out.splitlines()]
    assert state_of(tmp_path, run_id) == "running"
    page.answers.set()
    done = process(tmp_path, "run", "--resume", run_id, "--json")
    assert done.json["state"] == "succeeded"
    traces = typed(tmp_path, "objectives", "show", run_id, "--json").json["traces"]["traces"]
    assert sorted((t["subtask_id"], t["status"]) for t in traces) == [("a", "success"), ("b", "success")]


def test_a_later_run_says_what_was_left_and_leaves_it(tmp_path: Path) -> None:
    (left,) = unfinished(tmp_path, 1)
    done = process(tmp_path, "run", "-", stdin=json.dumps(ECHO))
    assert done.code == 0
    assert "1 run was left unfinished; go on: callsheet run --resume all" in done.err
    assert state_of(tmp_path, left) == "queued"


def test_all_that_is_unfinished_is_gone_on_with(tmp_path: Path) -> None:
    left = unfinished(tmp_path, 3)
    waiting = ran(tmp_path, ECHO, approval="plan")
    assert typed(tmp_path, "objectives", "approve", waiting, "--yes").code == 0
    still = ran(tmp_path, ECHO, approval="plan")
    done = process(tmp_path, "run", "--resume", "all", "--json", "--quiet")
    assert done.code == 1
    assert [run["run_id"] for run in json.loads(done.out)] == [*left, waiting]
    assert [state_of(tmp_path, r) for r in (*left, waiting)] == ["failed"] * 3 + ["succeeded"]
    assert state_of(tmp_path, still) == "awaiting_approval"
    again = process(tmp_path, "run", "--resume", "all")
    assert (again.code, "no run is unfinished" in again.err) == (0, True)


def test_one_run_goes_on_and_others_stay(tmp_path: Path) -> None:
    one, other = unfinished(tmp_path, 2)
    done = process(tmp_path, "run", "--resume", one)
    assert (done.code, "egress.private_address" in done.err) == (1, True)
    assert [state_of(tmp_path, r) for r in (one, other)] == ["failed", "queued"]


def test_a_run_that_still_waits_says_so_again(tmp_path: Path) -> None:
    run_id = ran(tmp_path, ECHO, approval="plan")
    done = process(tmp_path, "run", "--resume", run_id)
    assert done.code == 4
    assert f"callsheet objectives approve {run_id}" in done.err


@pytest.mark.parametrize(
    "words", [("x",), ("--url", "https://a.example/"), ("--priority", "2"), ("--approval", "plan")]
)
def test_a_run_that_goes_on_takes_no_new_terms(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = typed(tmp_path, "run", "--resume", "r1", *words)
    assert done.code == 2


@pytest.mark.parametrize(("ends", "code", "number"), [(True, "run.ended", 5), (False, "run.unknown", 7)])
def test_what_cannot_go_on_is_said_by_code(tmp_path: Path, *, ends: bool, code: str, number: int) -> None:
    ended = ran(tmp_path, ECHO)
    done = process(tmp_path, "run", "--resume", ended if ends else "nobody")
    assert (done.code, f"error[{code}]" in done.err) == (number, True)


def test_a_server_goes_on_with_all_itself_and_one_is_followed_there(tmp_path: Path) -> None:
    left, _ = unfinished(tmp_path, 2)
    with serving(tmp_path):
        done = process(tmp_path, "run", "--resume", "all")
        assert (done.code, "error[run.resumed_elsewhere]" in done.err) == (5, True)
        assert typed(tmp_path, "objectives", "watch", left).code == 1
        waiting = ran(tmp_path, ECHO, approval="plan")
        assert process(tmp_path, "run", "--resume", waiting).code == 4
        assert typed(tmp_path, "objectives", "approve", waiting, "--yes").code == 0
        assert typed(tmp_path, "objectives", "watch", waiting).code == 0
