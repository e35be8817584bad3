"""A process that does nothing but fork: one child for each module to be compiled.

It has the library loaded and an engine of each profile made, so a child
begins at once. It is told of a job by one byte and four descriptors: the
order, where the code goes, where the report goes, and a socket on which it
says how the child ended. That socket's other end closing, or a word on it,
means that nobody waits any more. When its own parent goes, it goes.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from typing import Final, get_args

from wasm_agents.capi.config import Profile
from wasm_agents.compiling import job

CRASHED: Final = 70
DESCRIPTORS: Final = 4
TINY: Final = b"\0asm\x01\0\0\0\x01\x04\x01`\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b"
"""One empty function: what it takes to wake the compiler."""


def main(path: str, number: int) -> None:
    """Serve jobs until the parent goes.

    Args:
        path: wasmtime's shared library.
        number: The descriptor of the socket to the parent.
    """
    compiler = job.Compiler(path)
    for profile in get_args(Profile):
        compiler.engine(profile)
    compiler.compile("core", TINY)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=number) as control:
        Zygote(control, compiler).serve()


def main_once(path: str) -> None:
    """Do the one job of standard input; where there is no fork."""
    sys.exit(job.run(job.Compiler(path)))


class Zygote:
    """Children under way, and who waits for each."""

    def __init__(self, control: socket.socket, compiler: job.Compiler) -> None:
        self._control = control
        self._compiler = compiler
        self._waiting: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = socket.socketpair()

    def serve(self) -> None:
        """Fork for each job; say how each child ended."""
        self._wake.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(self._control, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._control.sendall(b"r")
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._control:
                    if not self._accept():
                        self._kill_all()
                        return
                elif key.fileobj is self._woken:
                    self._woken.recv(4096)
                    self._reap()
                elif self._waiting.get(key.data) is key.fileobj:  # else it was reaped a moment ago
                    self._selector.unregister(key.fileobj)
                    _kill(key.data)

    def _accept(self) -> bool:
        try:
            said, numbers, _, _ = socket.recv_fds(self._control, 1, DESCRIPTORS)
        except ConnectionError:
            return False
        files, answer = numbers[:-1], numbers[-1:]
        if len(numbers) == DESCRIPTORS:
            self._fork(files, socket.socket(fileno=answer.pop()))
        for number in files + answer:  # whoever sent too few sees the socket close
            os.close(number)
        return bool(said)

    def _fork(self, files: list[int], waiting: socket.socket) -> None:
        try:
            pid = os.fork()
        except OSError:  # no room for a process: seen as a lost job, and tried again
            waiting.close()
            return
        if pid == 0:
            status = CRASHED
            try:
                _enter(files)
                status = job.run(self._compiler)
            except BaseException as exc:  # noqa: BLE001  # the border: a child ends by its status, and says why
                os.write(2, repr(exc).encode()[: job.MAX_SAID])
            finally:
                os._exit(status)
        self._waiting[pid] = waiting
        self._selector.register(waiting, selectors.EVENT_READ, pid)

    def _reap(self) -> None:
        while self._waiting:
            pid, status, used = os.wait4(-1, os.WNOHANG)
            if not pid:
                return
            waiting = self._waiting.pop(pid)
            with suppress(KeyError):
                self._selector.unregister(waiting)
            said = {"status": status, "cpu_s": used.ru_utime + used.ru_stime, "peak_kib": used.ru_maxrss}
            with waiting, suppress(OSError):
                waiting.sendall(json.dumps(said).encode() + b"\n")

    def _kill_all(self) -> None:
        for pid in self._waiting:
            _kill(pid)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _enter(files: list[int]) -> None:
    """Keep three descriptors; let signals be what they were; end with the parent."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(job.DIE_WITH_PARENT, job.SIGKILL, 0, 0, 0)
    for place, number in enumerate(files):
        os.dup2(number, place)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
