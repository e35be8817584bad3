"""Ollama by its own API, which says more than its imitation of OpenAI's: options, durations, the end's reason.

Through Ollama's own client. Of a tool's parameters that client sends types,
descriptions and enums, one level deep; and the API knows no way to make a
model call a tool, so asking for that is an error here.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from typing_extensions import override

from contracts.clock import Clock
from egress.fetch_door import SdkDoor
from providers.asked import asked_form, parsed_arguments, unsupported
from providers.chat import PLAIN, Form, Message, ModelOffer, Options, Piece, Usage
from providers.collecting import Collector
from providers.faults import in_our_words
from providers.pacing import chunks_at_most, paced
from providers.reading import bytes_of, count_of, ollama_timings
from providers.sdk import load
from providers.streamed import MayWriteCalls
from providers.way import MAX_LIST_BYTES, TIMEOUT_S, reply_bytes

if TYPE_CHECKING:
    from ollama import AsyncClient, ChatResponse

MAX_OFFERS = 1000


class Ollama(MayWriteCalls):
    """One model of an Ollama.

    Args:
        door: The way out.
        url: Of the server, without a path: `http://127.0.0.1:11434`.
        model: Its name there.
        api_key: Sent as a bearer token, for one behind a gate.
        timeout_s: For one completion; a caller may ask for less.
        num_ctx: Tokens of context, where a caller does not say.
        clock: For durations.

    Raises:
        InvalidInput: `provider.bad_url`, `provider.bad_key`.
    """

    def __init__(
        self,
        door: SdkDoor,
        *,
        url: str,
        model: str,
        api_key: SecretStr | None = None,
        timeout_s: float = TIMEOUT_S,
        num_ctx: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(door, url=url, model=model, api_key=api_key, timeout_s=timeout_s, clock=clock)
        self._num_ctx = num_ctx

    @override
    async def _stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options
    ) -> AsyncIterator[Piece]:
        form = asked_form(options)
        asked = {
            "model": self.model,
            "messages": _messages(messages),
            "options": self._options(options, max_tokens),
            **_format(options, form),
            **_tools(options),
        }
        found = Collector(self._clock, model=self.model, form=form)
        with in_our_words(found):
            async with self._client(options, reply_bytes(max_tokens)) as client:
                answer = paced(_chunks(client, asked), found, at_most=chunks_at_most(max_tokens))
                async with aclosing(answer) as chunks:
                    async for chunk in chunks:
                        found.is_open = True
                        if (piece := _read(chunk, found)) is not None:
                            yield piece
        yield found.end()

    async def models(self) -> tuple[ModelOffer, ...]:
        """Return the models that are pulled there.

        Raises:
            CallsheetError: As `stream`.
        """
        with in_our_words():
            async with self._client(PLAIN, MAX_LIST_BYTES) as client:
                listed = await client.list()
                return tuple(
                    ModelOffer(row.model[:200], bytes=bytes_of(row.size))
                    for row in listed.models[:MAX_OFFERS]
                    if row.model
                )

    @asynccontextmanager
    async def _client(self, options: Options, at_most: int) -> AsyncIterator[AsyncClient]:
        sdk = await load("ollama")
        way = self._way
        transport = await way.door.sdk_transport(
            way.policy,
            limits=way.limits(options, at_most=at_most),
            headers=way.key_header("authorization", "Bearer "),
        )
        async with sdk.AsyncClient(
            way.url, transport=transport, trust_env=False, follow_redirects=False, timeout=None
        ) as client:
            yield client

    def _options(self, options: Options, max_tokens: int) -> dict[str, Any]:
        asked = {
            "num_predict": max_tokens,
            "num_ctx": options.num_ctx or self._num_ctx,
            "temperature": options.temperature,
            "top_p": options.top_p,
            "seed": options.seed,
            "stop": list(options.stop) or None,
        }
        return {name: value for name, value in asked.items() if value is not None}


async def _chunks(client: AsyncClient, asked: Mapping[str, Any]) -> AsyncGenerator[ChatResponse]:
    answer: Any = await client.chat(**asked, stream=True)
    async with aclosing(answer):
        async for chunk in answer:
            yield chunk
            if chunk.done:
                return


def _read(chunk: ChatResponse, found: Collector) -> Piece | None:
    message = chunk.message
    if message.thinking:
        found.thought(message.thinking)
    for call in message.tool_calls or ():
        arguments = json.dumps(dict(call.function.arguments), ensure_ascii=False)
        found.call(found.calls, name=call.function.name, arguments=arguments)
    piece = found.text(message.content) if message.content else None
    if chunk.done:
        found.said_model(chunk.model)
        found.usage = Usage(count_of(chunk.prompt_eval_count), count_of(chunk.eval_count))
        found.timings = ollama_timings(chunk)
        found.finished(chunk.done_reason or "stop")
    return piece


def _format(options: Options, form: Form) -> dict[str, Any]:
    if options.shape is None or form == "prompt":
        return {}
    if form == "grammar":
        raise unsupported("Ollama takes no grammar", form=form)
    return {"format": dict(options.shape.schema) if form == "json_schema" else "json"}


def _tools(options: Options) -> dict[str, Any]:
    if not options.tools or options.tool_choice == "none":
        return {}
    if options.tool_choice != "auto":
        raise unsupported(f"Ollama cannot be made to call {options.tool_choice!r}")
    return {
        "tools": [
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": dict(t.parameters)},
            }
            for t in options.tools
        ]
    }


def _messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    names = {call.id: call.name for m in messages for call in m.tool_calls}
    return [_message(m, names) for m in messages]


def _message(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        found["tool_calls"] = [
            {"function": {"name": c.name, "arguments": parsed_arguments(c)}} for c in message.tool_calls
        ]
    if message.role == "tool":
        found["tool_name"] = names.get(message.tool_call_id, message.tool_call_id)
    return found
