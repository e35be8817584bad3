"""An answer on its way out: whole or piece by piece, within its time, and stopped when nobody listens.

What fails before the first byte is an error with its status. Behind that only
an event can tell: the error, and then the end; never an end that says nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Final, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from contracts.errors import AttemptTimedOut, CallsheetError, Unavailable
from providers.chat import Completion, Piece
from providers.pieces import closing
from service.api.answers import JsonAnswer
from service.api.turns import Turns
from service.chat.talk import Talk
from service.desk_protocol import Desk
from service.refusals import InternalError

T = TypeVar("T")
_HEAD: Final = ((b"x-accel-buffering", b"no"),)  # nginx would hold events back


class Speech(Protocol):
    """One answer, in the words of one API."""

    @property
    def talk(self) -> Talk:
        """Who answers."""
        ...

    @property
    def is_stream(self) -> bool:
        """Whether it is given piece by piece."""
        ...

    @property
    def media_type(self) -> str:
        """Of a stream."""
        ...

    @property
    def ping(self) -> bytes:
        """What a silent stream sends; empty where the API has nothing for it."""
        ...

    async def whole(self) -> dict[str, Any]:
        """Return the answer, whole."""
        ...

    async def spoken(self, put: Put) -> None:
        """Give the answer piece by piece."""
        ...

    def broken(self, error: CallsheetError) -> bytes:
        """Return what ends a stream that cannot go on."""
        ...


class Put(Protocol):
    """Takes a part of a stream."""

    async def __call__(self, part: bytes) -> None:
        """Send it."""
        ...


class Speaking(Response):
    """Sends an answer.

    Args:
        speech: The answer.
        turns: Where its place is taken.
        closing: Set when the server ends.
        wait_s: For the whole of it.
        ping_s: After which a stream that has nothing to say says that it lives.
    """

    def __init__(
        self, speech: Speech, *, turns: Turns, closing: asyncio.Event, wait_s: float, ping_s: float
    ) -> None:
        super().__init__(status_code=200)
        self._speech = speech
        self._turns = turns
        self._closing = closing
        self._wait_s = wait_s
        self._ping_s = ping_s

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak until all is said, nobody listens, time is up or the server ends."""
        with self._turns.take():
            out = _Out(send, self._speech.media_type)
            work = self._streamed(out) if self._speech.is_stream else self._whole(scope, receive, send)
            error = await self._attended(work, receive)
            if error is None:
                return
            if isinstance(error, CallsheetError) and self._speech.talk.facts.get("runs"):
                error.data["runs"] = self._speech.talk.facts["runs"]
            if out.has_begun:
                await out.put(self._speech.broken(_told(error)))
                await out.end()
            if not out.has_begun or not isinstance(error, CallsheetError):
                raise error

    async def _attended(self, work: Coroutine[Any, Any, None], receive: Receive) -> BaseException | None:
        """Do the work; return what it came to grief by, or nothing."""
        working = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(_until_gone(receive))
        closed = asyncio.ensure_future(self._closing.wait())
        tasks: tuple[asyncio.Future[Any], ...] = (working, gone, closed)
        try:
            await asyncio.wait(tasks, timeout=self._wait_s, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.exception()
            is_gone, is_closed = gone.done(), closed.done()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if not is_closed:  # when the server ends, runs are left to its next start
            await self._speech.talk.abandon()
        return None if is_gone else _too_late(self._wait_s, is_closed=is_closed)

    async def _whole(self, scope: Scope, receive: Receive, send: Send) -> None:
        await JsonAnswer(await self._speech.whole())(scope, receive, send)

    async def _streamed(self, out: _Out) -> None:
        pinging = (
            asyncio.ensure_future(out.ping_on(self._speech.ping, self._ping_s)) if self._speech.ping else None
        )
        try:
            await self._speech.spoken(out.put)
        finally:
            if pinging is not None:
                pinging.cancel()
        await out.end()


def speaking(request: Request, desk: Desk, speech: Speech) -> Speaking:
    """Return the response that says an answer."""
    state = request.app.state
    wait_s, ping_s = desk.settings.chat.wait_s, desk.hub.ping_s
    return Speaking(speech, turns=state.turns, closing=state.closing, wait_s=wait_s, ping_s=ping_s)


class _Out:
    """A stream's way out; it begins with the first part."""

    def __init__(self, send: Send, media_type: str) -> None:
        self._send = send
        self._head = [(b"content-type", media_type.encode()), *_HEAD]
        self.has_begun = False

    async def put(self, part: bytes) -> None:
        if not self.has_begun:
            self.has_begun = True
            await self._send({"type": "http.response.start", "status": 200, "headers": self._head})
        await self._send({"type": "http.response.body", "body": part, "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b""})

    async def ping_on(self, ping: bytes, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            await self.put(ping)


async def collected(pieces: AsyncIterator[Piece]) -> Completion:
    """Return the whole of an answer."""
    end = Completion("", "")
    async with closing(pieces) as coming:
        async for piece in coming:
            end = piece.end or end
    return end


async def unless_closing(work: Coroutine[Any, Any, T], closing: asyncio.Event) -> T:
    """Return what some work gives.

    Raises:
        Unavailable: `server.closing`, the server ended before; runs that were made go on at its next start.
        CallsheetError: As the work does.
    """
    working, closed = asyncio.ensure_future(work), asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait({working, closed}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise _closing()
    finally:
        working.cancel()
        closed.cancel()


def _closing() -> Unavailable:
    return Unavailable("server.closing", "the service is stopping", hint="Ask again when it is back.")


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _told(error: BaseException) -> CallsheetError:
    if isinstance(error, CallsheetError):
        return error
    return InternalError("internal.error", "something went wrong on our side", hint="The log has more.")


def _too_late(wait_s: float, *, is_closed: bool) -> CallsheetError:
    if is_closed:
        return _closing()
    return AttemptTimedOut(
        "talk.timed_out", f"no whole answer within {wait_s:g} s", hint="Ask for less, or raise chat.wait_s."
    )
