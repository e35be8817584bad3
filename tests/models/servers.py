"""Model servers for the conformance suite, each started as its own documentation says."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pydantic import SecretStr

from providers.embedded import child

BINARIES = os.environ.get("CALLSHEET_TEST_SERVERS")
"""A folder with `llama-server` and a `python` that has llama-cpp-python's; see `make test-models`."""
KEY = "a-key-of-these-tests"
MODEL = "tested"
CTX = 2048
PATIENCE_S = 90


@dataclass(frozen=True)
class ModelServer:
    """One server that runs."""

    kind: str
    address: str
    """Without a path."""
    model: str = MODEL

    @property
    def key(self) -> SecretStr:
        return SecretStr(KEY)

    @property
    def url(self) -> str:
        return self.address + "/v1"


def kinds_at_hand() -> tuple[str, ...]:
    """The servers that this run can start; the first is always there."""
    if BINARIES is None:
        return ("xllamacpp", "callsheet")
    return ("xllamacpp", "callsheet", "llama-cpp-python", "llama-server")


@contextmanager
def xllamacpp(model: Path, folder: Path) -> Iterator[ModelServer]:
    """llama.cpp's server out of a wheel, as embedded models are run."""
    found = find_spec("xllamacpp")
    assert found is not None
    assert found.origin is not None
    order = {
        "path": str(model), "name": MODEL, "ctx": CTX, "slots": 2, "threads": 1, "threads_batch": 1,
        "port": 0, "key": KEY, "states": str(folder),
    }  # fmt: skip
    command = [sys.executable, "-I", child.__file__, str(Path(found.origin).parents[1])]
    # A thread that spins while it waits takes the core that another test would work on.
    quiet = os.environ | {"OMP_WAIT_POLICY": "passive"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=quiet) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
        said = json.loads(process.stdout.readline())
        assert "address" in said, said
        try:
            yield ModelServer("xllamacpp", said["address"])
        finally:
            process.stdin.close()
            process.wait(PATIENCE_S)


@contextmanager
def llama_server(model: Path, folder: Path) -> Iterator[ModelServer]:
    """llama.cpp's own server, two conversations at once."""
    port = _free_port()
    command = [
        str(Path(BINARIES or "", "llama-server")), "--model", str(model), "--alias", MODEL,
        "--host", "127.0.0.1", "--port", str(port), "--api-key", KEY, "--parallel", "2",
        "--ctx-size", str(2 * CTX), "--threads", "1", "--threads-batch", "1", "--jinja",
    ]  # fmt: skip
    with _running(command, folder / "llama-server.log", f"http://127.0.0.1:{port}") as address:
        yield ModelServer("llama-server", address)


@contextmanager
def llama_cpp_python(model: Path, folder: Path, *, interrupts: bool = False) -> Iterator[ModelServer]:
    """llama-cpp-python's server; one that interrupts gives up a stream when another request comes."""
    port = _free_port()
    command = [
        str(Path(BINARIES or "", "python")), "-m", "llama_cpp.server", "--model", str(model),
        "--model_alias", MODEL, "--host", "127.0.0.1", "--port", str(port), "--api_key", KEY,
        "--n_ctx", str(CTX), "--n_threads", "1", "--n_threads_batch", "1",
        "--interrupt_requests", str(interrupts),
    ]  # fmt: skip
    with _running(command, folder / f"python-{interrupts}.log", f"http://127.0.0.1:{port}") as address:
        yield ModelServer("llama-cpp-python", address)


@contextmanager
def callsheet(model: Path, folder: Path) -> Iterator[ModelServer]:
    """Our own service, with a model behind it."""
    port = _free_port()
    with xllamacpp(model, folder) as behind:
        settings = {
            "SERVER__PORT": str(port), "SERVER__API_KEY": KEY, "STORAGE__PATH": str(folder / "c.db"),
            "TRACES__FOLDER": str(folder / "runs"), "MODEL__URL": behind.url, "MODEL__NAME": behind.model,
            "MODEL__API_KEY": KEY,
        }  # fmt: skip
        environment = os.environ | {f"CALLSHEET_{name}": value for name, value in settings.items()}
        command = [str(Path(sys.executable).with_name("callsheet")), "serve"]
        address = f"http://127.0.0.1:{port}"
        with _running(command, folder / "callsheet.log", address, environment=environment, cwd=folder):
            yield ModelServer("callsheet", address, model="default")


@contextmanager
def _running(
    command: Sequence[str],
    log: Path,
    address: str,
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[str]:
    with (
        log.open("wb") as written,
        subprocess.Popen(command, stdout=written, stderr=written, env=environment, cwd=cwd) as process,
    ):
        try:
            _await_ready(process, address, log)
            yield address
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _await_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    asked = urllib.request.Request(f"{address}/v1/models", headers={"Authorization": f"Bearer {KEY}"})
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urllib.request.urlopen(asked, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            _pause(process)
    said = re.sub(r"\s+", " ", log.read_text(errors="replace"))[-600:]
    raise AssertionError(f"{command_of(process)} did not start: {said}")


def _pause(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(0.1)
    except subprocess.TimeoutExpired:
        return


def command_of(process: subprocess.Popen[bytes]) -> str:
    args = process.args
    return str(args[0] if isinstance(args, list) else args)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
