"""The process that forks, as its parent holds it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from wasm_agents.capi import library as c
from wasm_agents.compiling.scratch import Scratch, new_scratch
from wasm_agents.compiling.verdict import Ended, last_line, no_compiler

START_S: Final = 60.0
GRACE_S: Final = 10.0
"""How long a killed process may take to be gone."""
ROOT: Final = str(Path(__file__).resolve().parents[2])
_SERVE: Final = (
    "import sys; sys.path.append(sys.argv[1]); from wasm_agents.compiling.zygote import main;"
    " main(sys.argv[2], int(sys.argv[3]))"
)
_ONCE: Final = (
    "import sys; sys.path.append(sys.argv[1]); from wasm_agents.compiling.zygote import main_once;"
    " main_once(sys.argv[2])"
)
_KEPT: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


class Lost(Exception):
    """The process that forks is gone."""


class Zygote:
    """Forks a child for each job; one lives as long as its parent.

    Raises:
        Unavailable: `host.internal`, it does not start.
    """

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._send = threading.Lock()  # one job's byte and descriptors at a time
        self._control, theirs = socket.socketpair()
        words = new_scratch("callsheet-words")
        with theirs:
            self._child = _spawn(
                [_SERVE, ROOT, c.PATH, str(theirs.fileno())],
                (subprocess.DEVNULL, subprocess.DEVNULL, words.number),
                passed=(theirs.fileno(),),
            )
        self.pid = self._child.pid
        self.close = weakref.finalize(self, _end, self.owner, self._control, self._child)
        self._control.settimeout(START_S)
        with suppress(OSError):
            if self._control.recv(1) == b"r":
                self._control.settimeout(None)
                return
        self.close()
        raise no_compiler(last_line(words.read()))

    def run(self, order: Scratch, code: Scratch, report: Scratch, *, wall_s: float) -> Ended:
        """Have a child forked for a job and wait for its end.

        Raises:
            Lost: This process ended meanwhile; the child ended with it.
        """
        ours, theirs = socket.socketpair()
        numbers = [order.number, code.number, report.number, theirs.fileno()]
        with ours:
            with theirs:
                try:
                    with self._send:
                        socket.send_fds(self._control, [b"j"], numbers)
                except OSError as exc:
                    raise Lost from exc
            return _await(ours, wall_s)


def run_once(order: Scratch, code: Scratch, report: Scratch, *, wall_s: float) -> Ended:
    """Do without fork: a whole process for each module, bound by the wall limit."""
    os.lseek(order.number, 0, os.SEEK_SET)
    with _spawn([_ONCE, ROOT, c.PATH], (order.number, code.number, report.number)) as child:
        try:
            return Ended(child.wait(wall_s))
        except subprocess.TimeoutExpired:
            child.kill()
            return Ended(-signal.SIGTERM, is_late=True)


def _spawn(
    words: list[str], files: tuple[int, int, int], *, passed: tuple[int, ...] = ()
) -> subprocess.Popen[bytes]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        return subprocess.Popen(  # noqa: S603  # this interpreter, with words of ours
            [sys.executable, "-I", "-S", "-c", *words],
            stdin=files[0],
            stdout=files[1],
            stderr=files[2],
            pass_fds=passed,
            cwd=os.sep,  # ours may be gone
            env=kept | {"RUST_BACKTRACE": "0"},
            start_new_session=True,  # a terminal's ^C is the parent's to answer
        )
    except OSError as exc:
        raise no_compiler(str(exc)) from exc


def _await(answer: socket.socket, wall_s: float) -> Ended:
    answer.settimeout(wall_s)
    said = b""
    while not said.endswith(b"\n"):
        try:
            part = answer.recv(4096)
        except TimeoutError:
            return _kill(answer)
        except OSError as exc:
            raise Lost from exc
        if not part:
            raise Lost
        said += part
    found: dict[str, Any] = json.loads(said)
    return Ended(os.waitstatus_to_exitcode(found["status"]), found["cpu_s"], found["peak_kib"])


def _kill(answer: socket.socket) -> Ended:
    """Say that nobody waits any more, and see the child gone."""
    with suppress(OSError):
        answer.shutdown(socket.SHUT_WR)
        answer.settimeout(GRACE_S)
        answer.recv(4096)
    return Ended(-signal.SIGTERM, is_late=True)


def _end(owner: int, control: socket.socket, child: subprocess.Popen[bytes]) -> None:
    control.close()
    if owner != os.getpid():  # a fork of the parent: the child is not its own to wait for
        child.returncode = 0
        return
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
