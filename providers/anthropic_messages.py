"""Endpoints that speak Anthropic's messages API, through Anthropic's own SDK.

It has no field for a shape: a reply is held to one by a tool that must be
called, whose arguments are then the reply. No key of the environment is sent.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from contracts.jsonvalue import parse_json
from providers.anthropic_reading import MessageReader
from providers.anthropic_request import request_of
from providers.asked import asked_form
from providers.chat import PLAIN, Message, ModelOffer, Options, Piece
from providers.collecting import Collector
from providers.faults import AnsweredStatus, in_our_words
from providers.openai_reading import offers, wrong_kind
from providers.pacing import chunks_at_most, paced
from providers.sdk import load
from providers.streamed import AtEndpoint
from providers.way import MAX_LIST_BYTES, reply_bytes

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, AsyncStream
    from anthropic.types import RawMessageStreamEvent

_NO_KEY: Final = "-"


class AnthropicMessages(AtEndpoint):
    """One model at one endpoint.

    Args:
        door: The way out.
        url: Of the endpoint, without `/v1`: `https://api.anthropic.com`.
        model: Its name there.
        api_key: Sent as `x-api-key`.
        timeout_s: For one completion; a caller may ask for less.
        clock: For durations.

    Raises:
        InvalidInput: `provider.bad_url`, `provider.bad_key`.
    """

    _takes_sampling = True  # newer models refuse temperature and top_p

    @override
    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn; see `StreamingProvider`."""
        found = Collector(self._clock, model=self.model, form=asked_form(options))
        with in_our_words(found):
            async with self._client(options, reply_bytes(max_tokens)) as client:
                answer = await self._asked(client, messages, options, max_tokens=max_tokens)
                coming = _pieces(answer, found, options, at_most=chunks_at_most(max_tokens))
                async with answer, aclosing(coming) as pieces:
                    found.is_open = True
                    async for piece in pieces:
                        yield piece
        yield found.end()

    async def models(self) -> tuple[ModelOffer, ...]:
        """Return what the endpoint offers.

        Raises:
            CallsheetError: As `stream`.
        """
        with in_our_words():
            async with self._client(PLAIN, MAX_LIST_BYTES) as client:
                answer = await client.models.with_raw_response.list(limit=1000)
                return offers(parse_json(await answer.http_response.aread(), max_bytes=MAX_LIST_BYTES))

    @asynccontextmanager
    async def _client(self, options: Options, at_most: int) -> AsyncIterator[AsyncAnthropic]:
        sdk = await load("anthropic")
        way = self._way
        transport = await way.door.sdk_client(
            way.policy, limits=way.limits(options, at_most=at_most), headers=way.key_header("x-api-key")
        )
        async with sdk.AsyncAnthropic(
            api_key=_NO_KEY,
            base_url=way.url,
            http_client=transport,
            max_retries=0,
            timeout=None,
            open_telemetry=False,
        ) as client:
            yield client

    async def _asked(
        self, client: AsyncAnthropic, messages: Sequence[Message], options: Options, *, max_tokens: int
    ) -> AsyncStream[RawMessageStreamEvent]:
        sampling = self._takes_sampling
        while True:
            asked = request_of(self.model, messages, options, max_tokens=max_tokens, sampling=sampling)
            try:
                with in_our_words():
                    answer: AsyncStream[RawMessageStreamEvent] = await client.messages.create(**asked)
            except AnsweredStatus as error:
                is_about_it = "temperature" in error.complaint or "top_p" in error.complaint
                if error.status != 400 or not sampling or not is_about_it:
                    raise
                sampling = False
            else:
                self._takes_sampling = sampling
                return answer


async def _pieces(
    answer: AsyncStream[RawMessageStreamEvent], found: Collector, options: Options, *, at_most: int
) -> AsyncGenerator[Piece]:
    kind = answer.response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"", "text/event-stream"}:
        raise wrong_kind(kind)
    reader = MessageReader(found, is_held=asked_form(options) == "json_schema")
    async with aclosing(paced(aiter(answer), found, at_most=at_most)) as events:
        async for event in events:
            if (piece := reader.read(event)) is not None:
                yield piece
            if reader.has_ended:
                break
    if (late := reader.late()) is not None:
        yield late
