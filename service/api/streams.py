"""A run's events as a stream (server-sent events): numbered, without a gap, without a double, to the end.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from service.events import EventHub, Page, Watch

_OPENING: Final = b"retry: 1000\n\n"
_PING: Final = b": ping\n\n"
_HEAD: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"connection", b"close"),  # behind its last event there is nothing to keep it for
    (b"x-accel-buffering", b"no"),  # nginx would hold events back
)


class EventStream(Response):
    """Sends a run's events behind `after` as they happen, until its last one or the server's end.

    Args:
        hub: Where events come from.
        run_id: Which run.
        after: The number of the last event the reader has.
        is_over: Whether the run has ended: then nothing more will come than what is there.
    """

    def __init__(self, hub: EventHub, run_id: str, *, after: int, is_over: bool) -> None:
        super().__init__(status_code=200)
        self._hub = hub
        self._run_id = run_id
        self._after = after
        self._is_over = is_over

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until there is nothing more, nobody reads, or the server ends."""
        with self._hub.watch(self._run_id) as watch:
            page = await self._hub.page(self._run_id, self._after)
            if self._is_over and page.last == self._after and not self._hub.is_closed:
                await Response(status_code=204)(scope, receive, send)
                return
            gone = asyncio.ensure_future(_until_gone(receive, watch))
            try:
                await send({"type": "http.response.start", "status": 200, "headers": list(_HEAD)})
                await _put(send, _OPENING)
                await self._stream(send, watch, page)
                await send({"type": "http.response.body", "body": b""})
            finally:
                gone.cancel()

    async def _stream(self, send: Send, watch: Watch, page: Page) -> None:
        while not watch.is_gone:
            if page.text:
                await _put(send, page.text)
            is_more = page.last > self._after
            self._after = page.last
            if page.is_end or (self._is_over and not is_more) or self._hub.is_closed:
                return
            is_sure = self._is_over
            if not is_more and not await watch.wait(self._hub.ping_s):
                await _put(send, _PING)
                is_sure = True
            watch.look()
            page = await self._hub.page(self._run_id, self._after, is_sure=is_sure)


async def _put(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


async def _until_gone(receive: Receive, watch: Watch) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    watch.leave()
