"""Listen and serve: one uvicorn server, bounded heads and readers, an end that drops nobody.

When it ends, in this order: streams and waiting answers end, whoever has
connected already is let in, nobody else is; connections that are open may send
what they were about to for a moment, and are told to close; then the engine
drains while the last answers go out; then what is still open is closed.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from typing_extensions import override

from service.listener import BACKLOG, accept_all, address_of, listen, refuse_new
from service.security import check_bind
from service.settings import Settings
from service.wire import BoundedConnection

KEEP_ALIVE_S: Final = 15
LINGER_S: Final = 0.4
"""How long open connections may still send when the server ends."""
GRACE_S: Final = 1.8
"""How long answers may then still take."""
_LOOK_S: Final = 0.02

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


async def _nothing() -> None:
    pass


async def serve(
    app: FastAPI,
    settings: Settings,
    *,
    on_started: Callable[[str], None],
    stop: asyncio.Event | None = None,
    drain: Callable[[], Awaitable[None]] = _nothing,
) -> None:
    """Serve until SIGINT, SIGTERM or `stop`; then end within `LINGER_S` and `GRACE_S`.

    Args:
        app: As `service.app.create_app` makes it.
        settings: Where to listen.
        on_started: Told the address once requests are answered.
        stop: Ends the server when set.
        drain: Called when no more requests come.

    Raises:
        Refused: `server.key_required`.
        Conflict: `server.port_in_use`.
        Unavailable: `server.cannot_listen`.
    """
    check_bind(settings.server)
    listening = listen(settings.server)

    class Connection(BoundedConnection):
        head_timeout_s = settings.server.head_timeout_s

    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        loop="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        backlog=BACKLOG,
        limit_concurrency=settings.server.connections,
    )
    url = address_of(settings.server, listening)
    with listening:
        server = _Server(config, started=lambda: on_started(url), stop=stop, drain=drain)
        await server.serve(sockets=[listening])


class _Server(uvicorn.Server):
    """Says when it has started, tells the application when it ends, leaves signals as it found them."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        started: Callable[[], None],
        stop: asyncio.Event | None,
        drain: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(config)
        self._tell_started = started
        self._stop = stop
        self._drain = drain

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
        app.state.close()
        self._close_soon()
        for listening in sockets or ():
            await self._give_up(listening)
        self._close_soon()
        await self._until_none(LINGER_S)
        for connection in self._connections:
            connection.shutdown()
        draining = asyncio.ensure_future(self._drain())
        await self._until_none(GRACE_S)
        for connection in self._connections:
            connection.transport.abort()
        await draining
        await self.lifespan.shutdown()

    def _close_soon(self) -> None:
        for connection in self._connections:
            connection.close_soon()

    async def _give_up(self, listening: socket.socket) -> None:
        """Stop listening; whoever has connected by then is let in."""
        with listening.dup() as last:
            refuse_new(last)
            for server in self.servers:
                server.close()
            await asyncio.sleep(_LOOK_S)  # for handshakes under way
            loop = asyncio.get_running_loop()
            for connection in accept_all(last):
                await loop.connect_accepted_socket(self._protocol, connection)
        listening.close()

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    @property
    def _connections(self) -> list[BoundedConnection]:
        return [c for c in self.server_state.connections if isinstance(c, BoundedConnection)]

    async def _until_none(self, seconds: float) -> None:
        """Wait until no connection is open and no request under way, for a time."""
        for _ in range(round(seconds / _LOOK_S)):
            if not (self.server_state.connections or self.server_state.tasks):
                return
            await asyncio.sleep(_LOOK_S)

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
