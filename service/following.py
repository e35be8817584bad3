"""A run's events, each once and in order, from whoever has them: the server, or the file itself.

A connection that breaks, a server that is started again on another port, an
event sent twice: whoever reads here notices none of it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Final

from contracts.clock import Clock
from contracts.errors import InvalidInput, Unavailable
from contracts.jsonvalue import parse_json
from service.events import FINAL
from service.remote import Server
from service.sse import Sent
from traces.events import EventLine, EventStore

PATIENCE_S: Final = 60.0
"""How long a server may be away."""
PAUSE_S: Final = 0.3
POLL_S: Final = 0.2
AT_ONCE: Final = 500
MAX_GAPS: Final = 5


async def follow_server(
    find: Callable[[], Server | None], run_id: str, *, after: int, clock: Clock
) -> AsyncGenerator[EventLine]:
    """Give a run's events behind `after`, up to the one that ends it.

    Args:
        find: The server, wherever it answers now; None while there is none.
        run_id: Which run.
        after: The number of the last event that is known already.
        clock: For pauses between connections.

    Raises:
        NotFound: `run.unknown`.
        Unavailable: `server.unreachable`, away for `PATIENCE_S`; `server.bad_stream`, it leaves events out.
    """
    stream = _Stream(run_id, after, clock)
    while True:
        try:
            async with aclosing(stream.connected(find())) as lines:
                async for line in lines:
                    yield line
            if stream.is_over:
                return
        except Unavailable as exc:
            stream.check_patience(exc)
        await clock.sleep(PAUSE_S)


class _Stream:
    """Where one reader of a run's events stands, over all its connections."""

    def __init__(self, run_id: str, after: int, clock: Clock) -> None:
        self._path = f"/objectives/{run_id}/events"
        self._last = after
        self._gaps = 0
        self._clock = clock
        self._heard = clock.monotonic()
        self.is_over = False
        """Whether no event is left."""

    async def connected(self, server: Server | None) -> AsyncGenerator[EventLine]:
        """Give the events of one connection; those known already are left out, a gap ends it."""
        if server is None:
            raise Unavailable("server.unreachable", "no server holds the database any more")
        async with server.events(self._path, after=self._last) as found:
            self._heard = self._clock.monotonic()
            self.is_over = found is None
            async for sent in found or _nothing():
                line = event_line(sent)
                if line.event_id <= self._last:
                    continue
                if line.event_id != self._last + 1:
                    self._note_gap(line.event_id)
                    return
                self._last, self._gaps = line.event_id, 0
                self._heard = self._clock.monotonic()
                self.is_over = line.kind in FINAL
                yield line
                if self.is_over:
                    return

    def check_patience(self, error: Unavailable) -> None:
        """Raise what went wrong when it has gone wrong for too long."""
        if error.code == "server.bad_stream" or self._clock.monotonic() - self._heard > PATIENCE_S:
            raise error

    def _note_gap(self, number: int) -> None:
        self._gaps += 1
        if self._gaps >= MAX_GAPS:
            raise Unavailable(
                "server.bad_stream", f"event {number} came where {self._last + 1} was due, {self._gaps} times"
            )


async def _nothing() -> AsyncGenerator[Sent]:
    none: tuple[Sent, ...] = ()
    for sent in none:
        yield sent


async def follow_file(
    events: EventStore,
    run_id: str,
    *,
    after: int,
    clock: Clock,
    is_over: Callable[[], bool],
    is_held: Callable[[], bool],
) -> AsyncGenerator[EventLine]:
    """Give a run's events behind `after` as they are written, up to the one that ends it.

    Args:
        events: Of the file.
        run_id: Which run.
        after: The number of the last event that is known already.
        clock: For pauses between looks.
        is_over: Whether the run has ended.
        is_held: Whether some process writes the file.

    Raises:
        Unavailable: `run.unattended`, it is not over and nobody runs it.
    """
    last = after
    while True:
        over, held = is_over(), is_held()  # asked first: what was written until then is read below
        lines = events.of_run(run_id, after=last, limit=AT_ONCE)
        for line in lines:
            last = line.event_id
            yield line
            if line.kind in FINAL:
                return
        if not lines and over:
            return
        if not lines and not held:
            raise unattended(run_id)
        if not lines:
            await clock.sleep(POLL_S)


def unattended(run_id: str) -> Unavailable:
    """Return the error that says that a run waits for somebody to run it."""
    return Unavailable(
        "run.unattended",
        f"run {run_id!r} is not over, and no process is running it",
        hint=f"Go on with it here: callsheet run --resume {run_id}; or start callsheet serve.",
    )


def event_line(sent: Sent) -> EventLine:
    """Return an event as it was sent.

    Raises:
        Unavailable: `server.bad_stream`.
    """
    try:
        document: Any = parse_json(sent.data)
        return EventLine(
            event_id=int(document["event_id"]),
            kind=str(document["kind"]),
            at_ms=int(document["at_ms"]),
            body=dict(document["body"]),
        )
    except (InvalidInput, KeyError, TypeError, ValueError) as exc:
        raise Unavailable("server.bad_stream", f"what came is no event: {sent.data[:200]!r}") from exc
