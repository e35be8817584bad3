"""Any endpoint that speaks OpenAI's chat completions, through OpenAI's own SDK.

The URL is the operator's, so it carries its own grant, a private address
included; nothing else is reachable by it, redirects neither. The key is never
in an error, a log or a repr, and no key of the environment is ever sent.

Servers differ: what one does not take is left out from then on.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr
from typing_extensions import override

from contracts.clock import Clock
from contracts.jsonvalue import parse_json
from egress.fetch_door import SdkDoor
from providers.asked import asked_form
from providers.chat import PLAIN, Message, ModelOffer, Options, Piece
from providers.collecting import Collector
from providers.endpoint_url import policy_of
from providers.faults import AnsweredStatus, in_our_words
from providers.openai_reading import offers, read_chunk, read_whole, wrong_kind
from providers.openai_request import Takes, request_of
from providers.pacing import chunks_at_most, paced
from providers.sdk import load
from providers.streamed import MayWriteCalls
from providers.way import MAX_LIST_BYTES, MAX_REPLY_BYTES, TIMEOUT_S, reply_bytes

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk

__all__ = ["MAX_REPLY_BYTES", "TIMEOUT_S", "OpenAICompatible", "policy_of"]

_NO_KEY: Final = "-"


class OpenAICompatible(MayWriteCalls):
    """One model at one endpoint.

    Args:
        door: The way out.
        url: Of the endpoint, up to and with `/v1`.
        model: Its name there.
        api_key: Sent as a bearer token.
        timeout_s: For one completion; a caller may ask for less.
        extra: More fields of every request, as some servers take them: `id_slot`, `cache_prompt`.
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
        extra: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(door, url=url, model=model, api_key=api_key, timeout_s=timeout_s, clock=clock)
        self._extra = dict(extra or {})
        self._takes = Takes()

    @override
    async def _stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options
    ) -> AsyncIterator[Piece]:
        found = Collector(self._clock, model=self.model, form=asked_form(options))
        with in_our_words(found):
            async with self._opened(messages, options, max_tokens=max_tokens) as answer:
                found.is_open = True
                async with aclosing(_pieces(answer, found, max_tokens)) as pieces:
                    async for piece in pieces:
                        yield piece
        yield found.end()

    @asynccontextmanager
    async def _opened(
        self, messages: Sequence[Message], options: Options, *, max_tokens: int
    ) -> AsyncIterator[AsyncStream[ChatCompletionChunk]]:
        async with self._client(options, reply_bytes(max_tokens)) as client:
            answer = await self._asked(client, messages, options, max_tokens=max_tokens)
            async with answer:
                yield answer

    async def models(self) -> tuple[ModelOffer, ...]:
        """Return what the endpoint offers.

        Raises:
            CallsheetError: As `stream`.
        """
        with in_our_words():
            async with self._client(PLAIN, MAX_LIST_BYTES) as client:
                answer = await client.models.with_raw_response.list()
                return offers(parse_json(answer.content, max_bytes=MAX_LIST_BYTES))

    @asynccontextmanager
    async def _client(self, options: Options, at_most: int) -> AsyncIterator[AsyncOpenAI]:
        sdk = await load("openai")
        way = self._way
        transport = await way.door.sdk_client(
            way.policy,
            limits=way.limits(options, at_most=at_most),
            headers=way.key_header("authorization", "Bearer "),
        )
        async with sdk.AsyncOpenAI(
            api_key=_NO_KEY, base_url=way.url, http_client=transport, max_retries=0, timeout=None
        ) as client:
            yield client

    async def _asked(
        self, client: AsyncOpenAI, messages: Sequence[Message], options: Options, *, max_tokens: int
    ) -> AsyncStream[ChatCompletionChunk]:
        takes = self._takes
        while True:
            asked = request_of(
                self.model, messages, options, max_tokens=max_tokens, takes=takes, extra=self._extra
            )
            try:
                with in_our_words():
                    answer: AsyncStream[ChatCompletionChunk] = await client.chat.completions.create(**asked)
            except AnsweredStatus as error:
                fewer = takes.fewer(error, asked_form(options))
                if fewer is None:
                    raise
                takes = fewer
            else:
                self._takes = takes
                return answer


async def _pieces(
    answer: AsyncStream[ChatCompletionChunk], found: Collector, max_tokens: int
) -> AsyncGenerator[Piece]:
    kind = answer.response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":  # an endpoint that does not stream
        whole = parse_json(await answer.response.aread(), max_bytes=MAX_REPLY_BYTES)
        if (piece := read_whole(whole, found)) is not None:
            yield piece
        return
    if kind not in {"", "text/event-stream"}:
        raise wrong_kind(kind)
    async with aclosing(paced(aiter(answer), found, at_most=chunks_at_most(max_tokens))) as chunks:
        async for chunk in chunks:
            if (piece := read_chunk(chunk, found)) is not None:
                yield piece
