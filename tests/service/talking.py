"""The service over the real house, talked to by the real openai client; a model that says what a test wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import openai

from contracts.errors import CallsheetError
from providers.chat import PLAIN, ChatProvider, Completion, Message, Options, Piece, ToolCall, Usage
from service.app import create_app
from service.compose import open_desk
from service.desk import LocalDesk
from service.settings import load_settings
from tests.service.serving import served

KEY = "a-key-of-sixteen-or-more"


class Heard(NamedTuple):
    """What a model was asked."""

    messages: tuple[Message, ...]
    max_tokens: int
    options: Options


@dataclass
class Scripted:
    """A model that says its lines, one call after the other."""

    lines: list[Completion | CallsheetError]
    heard: list[Heard] = field(default_factory=list)
    after: int = 1_000_000
    """Characters after which it goes on only once `going` is set."""
    going: asyncio.Event = field(default_factory=asyncio.Event)
    breaks: CallsheetError | None = None
    """Raised at the end of a line, instead of its end."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it was asked something."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody stopped listening."""

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        raise AssertionError("it is read piece by piece")

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        self.heard.append(Heard(tuple(messages), max_tokens, options))
        self.asked.set()
        line = self.lines.pop(0)
        if isinstance(line, CallsheetError):
            raise line
        try:
            for at in range(0, len(line.text), 5):
                if at >= self.after:
                    await self.going.wait()
                yield Piece(line.text[at : at + 5])
            if self.breaks is not None:
                raise self.breaks
            yield Piece(end=line)
        except (asyncio.CancelledError, GeneratorExit):
            self.left.set()
            raise


@dataclass
class Shelf:
    """The models of a test."""

    by_name: dict[str, ChatProvider]

    def names(self) -> tuple[str, ...]:
        return tuple(self.by_name)

    def get(self, name: str = "default", /) -> ChatProvider | None:
        return self.by_name.get(name)


def says(text: str, *calls: tuple[str, str], finish: str = "") -> Completion:
    """A turn of a model: text, and calls of tools with their arguments."""
    asked = tuple(ToolCall(f"c{n}", name, arguments) for n, (name, arguments) in enumerate(calls))
    return Completion(text, finish or ("tool_calls" if asked else "stop"), Usage(7, 3, 2), "m", asked)


class Door(NamedTuple):
    """A service that is listening, and a client of it."""

    client: openai.AsyncOpenAI
    desk: LocalDesk
    url: str


@asynccontextmanager
async def talked_to(scripted: ChatProvider | None = None, /, **settings: Any) -> AsyncIterator[Door]:
    """Serve the real house with a model; give an openai client that tries nothing twice."""
    async with open_desk(load_settings(settings)) as desk:
        if scripted is not None:
            desk.models = Shelf({"default": scripted})
        worker = asyncio.create_task(desk.engine.run_worker())
        async with served(create_app(desk), **settings.get("server", {})) as url:
            client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)
            async with client:
                yield Door(client, desk, url)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
