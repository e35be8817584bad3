"""An endpoint on loopback that answers with bytes a test spells, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.egress.site import pause

Part = bytes | float
"""What is written, or the seconds of silence before what follows."""
Parts = bytes | Sequence[Part]


@dataclass
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Endpoint:
    """Gives one answer a request, the last again and again; then hangs up."""

    answers: list[Parts]
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    @property
    def body(self) -> Any:
        return self.asked[-1].body

    def accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def stop(self) -> None:
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append(Asked(first.split(" ")[1], headers, json.loads(body) if body else None))
            answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
            for part in [answer] if isinstance(answer, bytes) else answer:
                if isinstance(part, bytes):
                    writer.write(part)
                    await writer.drain()
                else:
                    await pause(part)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(*answers: Parts) -> AsyncIterator[Endpoint]:
    endpoint = Endpoint(list(answers))
    server = await asyncio.start_server(endpoint.accept, "127.0.0.1", 0)
    endpoint.port = server.sockets[0].getsockname()[1]
    try:
        yield endpoint
    finally:
        server.close()
        await endpoint.stop()


def head(kind: str = "text/event-stream", *, status: str = "200 OK", **more: str) -> bytes:
    """Return the head of an answer that ends when the connection does."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def said(body: Any, *, status: str = "200 OK", kind: str = "application/json", **more: str) -> bytes:
    """Return a whole answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head(kind, status=status, content_length=str(len(raw)), **more) + raw


def sse(*events: Any, done: bool = True) -> bytes:
    """Return a stream of OpenAI's: each event JSON, or bytes as they are."""
    lines = [e if isinstance(e, bytes) else json.dumps(e).encode() for e in events]
    return b"".join(b"data: " + line + b"\n\n" for line in [*lines, *([b"[DONE]"] if done else [])])


def delta(text: str | None = None, *, reason: str | None = None, **more: Any) -> dict[str, Any]:
    """Return one chunk."""
    said = {"content": text} if text is not None else {}
    return {
        "object": "chat.completion.chunk",
        "model": "answering-model",
        "choices": [{"index": 0, "delta": said | more, "finish_reason": reason}],
    }


def usage(prompt: int, completion: int, **more: Any) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return {"object": "chat.completion.chunk", "choices": [], "usage": counts, **more}


HELLO = head() + sse(delta("Hel", role="assistant"), delta("lo"), delta(reason="stop"), usage(7, 2))
