"""Listen and serve: one uvicorn server, bounded heads, a shutdown that ends within seconds."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from contracts.errors import Conflict, Unavailable
from service.security import check_bind
from service.settings import ServerSettings, Settings

HEAD_BYTES: Final = 32 * 1024
HEAD_TIMEOUT_S: Final = 10.0
KEEP_ALIVE_S: Final = 15
GRACE_S: Final = 5
MAX_CONNECTIONS: Final = 512

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


async def serve(
    app: FastAPI,
    settings: Settings,
    *,
    on_started: Callable[[str], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until SIGINT, SIGTERM or `stop`; then end within `GRACE_S`.

    Args:
        app: As `service.app.create_app` makes it.
        settings: Where to listen.
        on_started: Told the address once requests are answered.
        stop: Ends the server when set.

    Raises:
        Refused: `server.key_required`.
        Conflict: `server.port_in_use`.
        Unavailable: `server.cannot_listen`.
    """
    check_bind(settings.server)
    listening = listen(settings.server)
    config = uvicorn.Config(
        app,
        http=_BoundedHead,
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=HEAD_BYTES,
    )
    url = address_of(settings.server, listening)
    with listening:
        await _Server(config, started=lambda: on_started(url), stop=stop).serve(sockets=[listening])


def listen(server: ServerSettings) -> socket.socket:
    """Return a socket that listens where the settings say.

    Raises:
        Conflict: `server.port_in_use`.
        Unavailable: `server.cannot_listen`.
    """
    host = server.host.strip("[]")
    where = f"{host}:{server.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, server.port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as exc:
        raise Unavailable("server.cannot_listen", f"cannot listen on {where!r}: {exc}", where=where) from exc
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(MAX_CONNECTIONS)
    except OSError as exc:
        listening.close()
        if exc.errno == errno.EADDRINUSE:
            raise Conflict(
                "server.port_in_use",
                f"something else listens on {where!r}",
                where=where,
                hint="Choose another with --port, or --port 0 for any free one.",
            ) from exc
        raise Unavailable("server.cannot_listen", f"cannot listen on {where!r}: {exc}", where=where) from exc
    listening.setblocking(False)
    return listening


def address_of(server: ServerSettings, listening: socket.socket) -> str:
    """Return the URL people open."""
    everywhere = server.host in {"0.0.0.0", "::", "[::]"}  # noqa: S104  # compared, not bound
    host = "127.0.0.1" if everywhere else server.host.strip("[]")
    port: int = listening.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _BoundedHead(H11Protocol):
    """Hangs up on a client whose request line and headers do not arrive in time."""

    _head_timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base does
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._hang_up)

    @override
    def data_received(self, data: bytes) -> None:
        before: object = self.cycle  # None until the first request, whatever uvicorn's annotation says
        # A head that dribbles in on a kept-alive connection cancels uvicorn's own timer with its first byte.
        if before is not None and self.cycle.response_complete and self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._hang_up)
        super().data_received(data)
        if self.cycle is not before:
            self._disarm()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _hang_up(self) -> None:
        self._head_timer = None
        self.transport.close()


class _Server(uvicorn.Server):
    """Says when it has started, tells the application when it ends, leaves signals as it found them."""

    def __init__(
        self, config: uvicorn.Config, *, started: Callable[[], None], stop: asyncio.Event | None
    ) -> None:
        super().__init__(config)
        self._tell_started = started
        self._stop = stop

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell_started()

    @override
    async def on_tick(self, counter: int) -> bool:
        if self._stop is not None and self._stop.is_set():
            self.should_exit = True
        return await super().on_tick(counter)

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app: Any = self.config.app
        app.state.closing.set()
        await super().shutdown(sockets)

    @contextmanager
    @override
    def capture_signals(self) -> Generator[None, None, None]:
        """Catch SIGINT and SIGTERM meanwhile; unlike uvicorn's own, do not raise them again at the end.

        What stands behind `serve` (runs, database) has still to be closed.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, action in before.items():
                signal.signal(number, action)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.handle_exit(number, frame)
