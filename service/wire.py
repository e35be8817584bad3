"""One connection: HTTP/1.1 by httptools, which bounds nothing itself, with bounds on slow and long senders."""

from __future__ import annotations

import asyncio
from typing import Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 32 * 1024
STALL_S: Final = 60.0
"""How long a client may leave what was sent to it unread."""


class _HeadTooLong(Exception):  # raised in the parser, which turns it into its own error
    """The request line and headers are larger than what is read."""


class BoundedConnection(HttpToolsProtocol):
    """Hangs up on a client whose request line and headers are too long or too slow, or who does not read."""

    head_timeout_s = 10.0

    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None
    _is_in_head = True
    _is_last = False
    _head_bytes = 0  # of the head being read, in whole headers
    _pending = 0  # of what came and is in no whole header yet
    _told = 0  # of the piece being read, what was told as URL, header or body

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base does
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self.head_timeout_s, self._hang_up)

    @override
    def data_received(self, data: bytes) -> None:
        self._told = 0
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._is_in_head and not self._is_idle():
            return
        # A head that dribbles in on a kept-alive connection cancels uvicorn's own timer with its first byte.
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_timeout_s, self._hang_up)
        self._pending += len(data) - self._told
        if self._head_bytes + self._pending > HEAD_BYTES:
            self.send_400_response("The request's head is too long.")

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._forgive()
        super().connection_lost(exc)

    @override
    def on_message_begin(self) -> None:
        self._is_in_head = True
        self._head_bytes = self._pending = 0
        super().on_message_begin()

    @override
    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._disarm()
        super().on_headers_complete()
        if self._is_last:
            self.cycle.keep_alive = False

    @override
    def on_body(self, body: bytes) -> None:
        self._told += len(body)
        super().on_body(body)

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall_timer = self.loop.call_later(STALL_S, self.transport.abort)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._forgive()

    def close_soon(self) -> None:
        """Close after the answer under way, or after the next one."""
        self._is_last = True
        if not self._is_idle():
            self.cycle.keep_alive = False

    def _is_idle(self) -> bool:
        cycle: object = self.cycle  # None until the first request, whatever uvicorn's annotation says
        return cycle is None or self.cycle.response_complete

    def _count(self, size: int) -> None:
        self._told += size
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES:
            raise _HeadTooLong

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _forgive(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _hang_up(self) -> None:
        self._head_timer = None
        self.transport.close()
