"""Run guests: bytes in, bytes out, in a fresh instance, within limits.

    host = Host()
    guest = host.load(Path("echo.wasm"), GuestLimits())
    guest.call(b'{"a": 1}', 2.0).output

Everything a guest says is checked: no import is served, every pointer and
length is read as unsigned and held against the memory as it then is. A call
blocks its thread (wasmtime lets go of the GIL) and may be stopped from another.
"""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wasmtime import Store

from contracts.errors import InvalidInput, NotFound
from wasm_agents.alarm import Alarm, Interrupt, Watch
from wasm_agents.compiled import Code
from wasm_agents.exchange import Exchange, GuestResult, bound, over
from wasm_agents.limits import MAX_MODULE_BYTES, GuestLimits

MAX_CACHED: Final = 64
MAX_THREADS: Final = 16


@dataclass(frozen=True, slots=True)
class Guest:
    """A module ready to be called under its limits; calls may overlap."""

    digest: str
    """SHA-256 of the module, hex."""
    limits: GuestLimits
    code: Code
    alarm: Alarm

    def call(self, data: bytes, deadline_s: float, *, interrupt: Interrupt | None = None) -> GuestResult:
        """Give `data` to the guest's `execute` and return what it answers.

        Args:
            data: UTF-8 JSON, by the ABI; not looked at here.
            deadline_s: For the whole call; the limits' `wall_ms` holds too.
            interrupt: Stops the call when set.

        Raises:
            InvalidInput: `limit.input`.
            AttemptTimedOut: `limit.time`.
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `host.internal`; `data` says what was used.
        """
        if len(data) > self.limits.input_bytes:
            raise InvalidInput("limit.input", over("input", len(data), self.limits.input_bytes))
        deadline_s = min(deadline_s, self.limits.wall_ms / 1000)
        with self.code.lane() as lane, Store(lane.engine) as store:
            bound(store, self.limits)
            watch = Watch(lane.engine)
            with self.alarm.watching(watch, deadline_s):
                if interrupt is not None:
                    interrupt.attach(watch)
                return Exchange(store, lane.module, self.limits).run(data, watch)


class Host:
    """Loads modules, keeps their code, and owns the threads calls run on."""

    def __init__(self) -> None:
        self.alarm = Alarm()
        self.threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="wasm-guest")
        self._lock = threading.Lock()  # guards _codes; never held while compiling
        self._codes: dict[str, Code] = {}

    def load(self, source: Path | bytes, limits: GuestLimits, *, sha256: str = "") -> Guest:
        """Return a module ready to be called; compiled once for equal bytes.

        Args:
            source: The module's file or its bytes.
            limits: For each call.
            sha256: Hex; what the bytes must hash to, when given.

        Raises:
            NotFound: `load.missing`.
            InvalidInput: `load.unreadable`, `load.digest`, `load.malformed`, `load.too_large`,
                `load.import_denied`, `load.bad_export`.
        """
        where = str(source) if isinstance(source, Path) else ""
        wasm = source if isinstance(source, bytes) else read_module(source)
        digest = hashlib.sha256(wasm).hexdigest()
        if sha256 and digest != sha256:
            raise InvalidInput(
                "load.digest",
                f"the module's SHA-256 is {digest[:12]}…, its manifest says {sha256[:12]!r}…",
                where=where,
                hint="Build the guest again, or restore the file.",
            )
        with self._lock:
            code = self._codes.get(digest)
        if code is None:
            code = Code(wasm)
            with self._lock:
                code = self._codes.setdefault(digest, code)
                if len(self._codes) > MAX_CACHED:
                    del self._codes[next(iter(self._codes))]
        return Guest(digest, limits, code, self.alarm)

    def close(self) -> None:
        """Stop every call under way and end the threads."""
        self.alarm.close()
        self.threads.shutdown(cancel_futures=True)


def read_module(path: Path) -> bytes:
    """Return a module file's bytes, at most one more than a module may have.

    Raises:
        NotFound: `load.missing`.
        InvalidInput: `load.unreadable`.
    """
    try:
        if path.exists() and not path.is_file():
            raise InvalidInput("load.unreadable", f"{path.name!r} is no file", where=str(path))
        with path.open("rb") as file:
            return file.read(MAX_MODULE_BYTES + 1)
    except FileNotFoundError as exc:
        message = f"there is no module {path.name!r}"
        raise NotFound("load.missing", message, where=str(path), hint="Build the guest again.") from exc
    except OSError as exc:
        message = f"{path.name!r} cannot be read: {exc.strerror}"
        raise InvalidInput("load.unreadable", message, where=str(path)) from exc
