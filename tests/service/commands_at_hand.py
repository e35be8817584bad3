"""The commands as somebody types them: in this process, or in one of their own; and a server beside them."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from contracts.plan import load_plan
from contracts.run import Approval
from service.cli import callsheet
from service.compose import open_desk
from service.console import run_command
from service.orders import Terms
from service.progress import Progress
from service.remote import server_url
from service.run_here import carry_on
from service.run_task import Task
from service.run_there import run_there
from service.settings import load_settings
from traces.redaction import Redactor

BIN = Path(sys.executable).parent
STEP: dict[str, Any] = {
    "id": "a", "objective": "say it back", "required_agent": "wasm:echo", "dependencies": [], "input_keys": [],
    "bind": {"x": {"literal": "hello"}}, "output_key": "said",
}  # fmt: skip
ECHO: dict[str, Any] = {"objective": "echo", "subtasks": [STEP]}
READ: dict[str, Any] = {"url": {"literal": "http://10.0.0.1/"}}
FAILS: dict[str, Any] = {
    "objective": "read what nobody granted",
    "subtasks": [STEP, {**STEP, "id": "b", "required_agent": "scrape", "bind": READ, "output_key": "page"}],
    "result_key": "page",
}
"""Of its two subtasks one succeeds and one fails."""


class Done(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        assert self.code == 0, self.err
        return json.loads(self.out)


def typed(folder: Path, *words: str) -> Done:
    """Run a command in this process, as if it were typed in `folder`."""
    out, err = io.StringIO(), io.StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        code = run_command(callsheet, name="callsheet", arguments=words)
    assert "Traceback" not in err.getvalue(), err.getvalue()
    return Done(code, out.getvalue(), err.getvalue())


def at_terminal(folder: Path, *words: str, says: str) -> Done:
    """Run a command in a process of its own, with somebody at its terminal who says something."""
    theirs, ours = os.openpty()
    os.write(theirs, f"{says}\n".encode())
    done = subprocess.run(
        [str(BIN / "callsheet"), *words],
        cwd=folder, stdin=ours, capture_output=True, text=True, timeout=60, check=False, env=os.environ,
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def process(folder: Path, *words: str, stdin: str = "") -> Done:
    """Run a command in a process of its own."""
    done = subprocess.run(
        [str(BIN / "callsheet"), *words],
        cwd=folder, input=stdin, capture_output=True, text=True, timeout=60, check=False, env=os.environ,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def ran(folder: Path, plan: dict[str, Any], *, approval: Approval = "auto") -> str:
    """Have a plan run until it ends or waits, by the server of the folder where it has one; return the run's id."""
    return asyncio.run(_ran(folder, plan, approval))


@contextmanager
def serving(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Have a `callsheet serve` hold the database of a folder."""
    command = [str(BIN / "callsheet"), "serve", "--port", "0"]
    server = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    while "callsheet serves" not in (line := server.stderr.readline()):
        assert server.poll() is None, line
    reading = threading.Thread(target=server.stderr.read, daemon=True)  # else it would wait to be read
    reading.start()
    try:
        yield server
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)
        reading.join()
        server.stderr.close()


async def _ran(folder: Path, document: dict[str, Any], approval: Approval) -> str:
    with chdir(folder):
        settings = load_settings()
        plan, terms = load_plan(document), Terms(approval=approval)
        if server_url(settings):
            task = Task(plan.objective, plan, {}, (), terms)
            return (await run_there(settings, task, progress=silent())).run_id
        async with open_desk(settings) as desk:
            run = await desk.start(plan.objective, inputs={}, plan=plan, terms=terms)
            await carry_on(desk, run.run_id, silent())
            return run.run_id


def silent() -> Progress:
    """Return what tells nobody how a run goes."""
    return Progress(Console(file=io.StringIO()), Redactor(()))
