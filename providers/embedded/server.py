"""The server that runs a model: in a process apart, or in this one.

Either listens on loopback, on a port and with a key of its own, and ends when
it is closed. The one apart also ends with whoever started it, and takes
nothing with it when it dies.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from contracts.clock import Clock
from providers.embedded import child
from providers.embedded.apart import WAITING, cannot_start, start_apart
from providers.embedded.folder import PulledModel
from providers.sdk import missing

RUNTIME: Final = "xllamacpp"


@dataclass(frozen=True, slots=True)
class HowToRun:
    """How a model is run."""

    model: PulledModel
    ctx: int
    """Tokens of one conversation."""
    slots: int = 2
    """Conversations at once."""
    threads: int = 1
    """For writing; more of them wait for each other."""
    threads_batch: int = 2
    """For reading."""
    where: Literal["apart", "here"] = "apart"
    port: int = 0
    """0 takes a free one."""
    key: str = field(default="", repr=False)
    """Asked of every request; a new one when empty."""


class Running(Protocol):
    """A server that runs."""

    address: str
    key: str
    load_ms: float

    @property
    def pid(self) -> int:
        """Return the process that holds the model."""
        ...

    def is_alive(self) -> bool:
        """Say whether it still runs."""
        ...

    async def has_died(self, *, within_s: float) -> bool:
        """Say whether it has ended, or does so shortly: a broken connection is seen before an end is."""
        ...

    async def ended(self) -> None:
        """Return when it has ended by itself."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


def runtime_version() -> str:
    """Return the runtime's release; empty where it is not installed."""
    try:
        return version(RUNTIME)
    except PackageNotFoundError:
        return ""


async def start(how: HowToRun, *, states: Path, clock: Clock) -> Running:
    """Return a server for a model, when it has loaded it.

    Args:
        how: The model, and how it is run.
        states: A folder of ours, for what slots have read.
        clock: For how long it took.

    Raises:
        Unavailable: `provider.extra_missing`, `model.cannot_start`.
    """
    key = how.key or secrets.token_urlsafe(32)
    order = {
        "path": str(how.model.path),
        "name": how.model.name,
        "ctx": how.ctx,
        "slots": how.slots,
        "threads": how.threads,
        "threads_batch": how.threads_batch,
        "states": str(states),
        "port": how.port,
        "key": key,
    }
    site = _site()
    if how.where == "here":
        return await _here(order, clock)
    return await start_apart(order, site=site)


def memory_bytes(running: Running) -> int | None:
    """Return what the process of a server holds in memory; None where the machine does not say."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path(f"/proc/{running.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return None


def _site() -> str:
    """Return the folder the runtime is installed in."""
    found = find_spec(RUNTIME)
    if found is None or found.origin is None:
        raise missing("embedded")
    return str(Path(found.origin).parents[1])


class _Here:
    """A server in this process, for a command that ends soon."""

    def __init__(self, server: Any, *, key: str, load_ms: float) -> None:
        self.address, self.key, self.load_ms = str(server.listening_address), key, load_ms
        self.pid = os.getpid()
        self._server: Any = server

    def is_alive(self) -> bool:
        return self._server is not None

    async def has_died(self, *, within_s: float) -> bool:
        del within_s
        return not self.is_alive()

    async def ended(self) -> None:
        await asyncio.Event().wait()  # it ends with this process

    async def close(self) -> None:
        server, self._server = self._server, None
        del server  # it ends with its last reference


async def _here(order: dict[str, Any], clock: Clock) -> Running:
    for name, value in WAITING.items():
        os.environ.setdefault(name, value)  # read when the runtime is first imported
    began = clock.monotonic()
    try:
        server = await asyncio.to_thread(child.open_server, order)
    except RuntimeError as exc:
        raise cannot_start(order["name"], str(exc)[:300]) from exc
    return _Here(server, key=order["key"], load_ms=(clock.monotonic() - began) * 1000)
