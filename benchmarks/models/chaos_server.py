"""HTTP/1.1 over bare sockets, as much of it as an endpoint that misbehaves needs; and one that behaves.

The scripted endpoint speaks `POST /v1/chat/completions`, streamed or not, and
writes one reply, a word at a time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, NamedTuple

MAX_REQUEST: Final = 8 * 1024 * 1024


class Request(NamedTuple):
    """One request, whole."""

    raw: bytes
    path: str
    body: bytes


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(answer: Answer) -> AsyncIterator[int]:
    """Answer one request on each connection, and give the port; whoever is still answered at the end is left."""
    talking: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            talking.add(task)
            task.add_done_callback(talking.discard)
        try:
            await answer(await read_request(reader), writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        except asyncio.CancelledError:  # asyncio would report the end of the server as a defect
            writer.transport.abort()
        writer.close()
        with suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in tuple(talking):
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Return the next request of a connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    length = next((int(v) for k, v in fields.items() if k.lower() == b"content-length"), 0)
    if not 0 <= length <= MAX_REQUEST:
        raise ValueError("the request is too large")
    body = await reader.readexactly(length)
    return Request(head + body, head.split(b" ", 2)[1].decode("latin-1"), body)


def head(status: int = 200, kind: str = "application/json", **headers: str) -> bytes:
    """Return the head of an answer that ends with its connection."""
    lines = [f"HTTP/1.1 {status} X", f"content-type: {kind}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def whole(body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> bytes:
    """Return an answer with its length."""
    return head(status, kind, content_length=str(len(body)), **headers) + body


def chunk_of(delta: dict[str, str], reason: str | None = None, **more: Any) -> bytes:
    """Return one event of a streamed completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    said = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    return b"data: " + json.dumps(said | {"choices": [choice]} | more).encode() + b"\n\n"


class Scripted:
    """An endpoint that writes one reply.

    Args:
        reply: The text.
        pause_s: Between two words.
    """

    def __init__(self, reply: str, *, pause_s: float = 0.0) -> None:
        self._words = [word + " " for word in reply.split(" ")]
        self._pause_s = pause_s
        self.asked = 0

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.asked += 1
        if not request.path.endswith("/chat/completions"):
            models = {"object": "list", "data": [{"id": "scripted", "object": "model"}]}
            writer.write(whole(json.dumps(models).encode()))
            return
        usage = {"prompt_tokens": 9, "completion_tokens": len(self._words), "total_tokens": 9}
        if not json.loads(request.body).get("stream"):
            message = {"role": "assistant", "content": "".join(self._words)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            body = {"id": "c", "object": "chat.completion", "created": 1, "model": "scripted"}
            writer.write(whole(json.dumps(body | {"choices": [choice], "usage": usage}).encode()))
            return
        writer.write(head(kind="text/event-stream"))
        for word in self._words:
            writer.write(chunk_of({"content": word}))
            await writer.drain()
            await asyncio.sleep(self._pause_s)
        writer.write(chunk_of({}, "stop", usage=usage) + b"data: [DONE]\n\n")
        await writer.drain()
