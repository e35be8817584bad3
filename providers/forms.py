"""Holds a reply to its shape in the strictest form that its endpoint takes, found out by asking.

Servers do not say what they take. So the strictest form is asked for first,
and a complaint about it, or a reply that is no JSON at all, leads to the next.
What was found out is remembered, and the form a reply was held to stands in it.

A complaint about a shape of ours tells of the server; one about a caller's may
be about the schema in it, and a reply that is no JSON may be a bad moment: what
these say is doubt, for that shape and for a while.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Literal

from contracts.errors import CallsheetError
from providers.chat import PLAIN, Completion, Message, ModelOffer, Options, Piece, StreamingProvider
from providers.form_memory import FormMemory
from providers.form_search import Search, forms_for, is_json
from providers.pieces import closing

Order = Literal["ask", "grammar_first", "schema_first"]
"""Which strict form goes first where a shape has a grammar; `ask`: the grammar, where the server is llama.cpp's."""
Offers = Callable[[], Awaitable[tuple[ModelOffer, ...]]]


class Forms:
    """A model whose replies are held to shapes.

    Args:
        inner: The endpoint's adapter.
        key: Its address and model, as `memory` is to know it.
        memory: Of what was found out.
        order: What goes first.
        offers: Asks what the endpoint offers; for the order `ask`.
    """

    def __init__(
        self,
        inner: StreamingProvider,
        *,
        key: str,
        memory: FormMemory,
        order: Order = "ask",
        offers: Offers | None = None,
    ) -> None:
        self._inner = inner
        self._key = key
        self._memory = memory
        self._order: Order = order
        self._offers = offers

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        """Return the model's next turn; see `ChatProvider`."""
        search = await self._search(options)
        if search is None:
            return await self._inner.complete(messages, max_tokens=max_tokens, options=options)
        while True:
            asked = replace(options, form=search.form)
            try:
                found = await self._inner.complete(
                    search.told(messages), max_tokens=max_tokens, options=asked
                )
            except CallsheetError as exc:
                search.go_on_after(exc)
                continue
            if is_json(found.text) or found.tool_calls or not search.give_up_form():
                await self._remember(search)
                return found

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn; see `StreamingProvider`.

        What was handed on cannot be taken back: a reply that is no JSON is
        remembered for the next call.
        """
        search = await self._search(options)
        while True:
            sent = messages if search is None else search.told(messages)
            asked = options if search is None else replace(options, form=search.form)
            has_begun = False
            try:
                async with closing(self._inner.stream(sent, max_tokens=max_tokens, options=asked)) as pieces:
                    async for piece in pieces:
                        has_begun = True
                        yield piece
                        if search is not None and piece.end is not None:
                            await self._end(search, piece.end)
            except CallsheetError as exc:
                if search is None or has_begun:
                    raise
                search.go_on_after(exc)
            else:
                return

    async def _end(self, search: Search, end: Completion) -> None:
        if end.finish_reason == "stop" and not is_json(end.text) and not end.tool_calls:
            search.give_up_form()
        await self._remember(search)

    async def _search(self, options: Options) -> Search | None:
        if options.shape is None or options.form is not None:
            return None
        known = await self._memory.get(self._key)
        first = known.grammar_first
        if self._order != "ask":
            first = self._order == "grammar_first"
        elif options.shape.grammar is not None and first is None:
            first = await self._is_llamacpp()
        forms = forms_for(options.shape, grammar_first=bool(first))
        out = known.cannot | self._memory.doubts(self._key, options.shape)
        return Search(options.shape, [f for f in forms if f not in out], known, first)

    async def _is_llamacpp(self) -> bool | None:
        if self._offers is None:
            return None
        try:
            offered = await self._offers()
        except CallsheetError:
            return None  # the call itself will say what is wrong there
        return any(offer.owned_by == "llamacpp" for offer in offered)

    async def _remember(self, search: Search) -> None:
        self._memory.doubt(self._key, search.shape, search.given_up)
        first = search.grammar_first if self._order == "ask" else search.known.grammar_first
        refused = search.refused if search.shape.is_ours else frozenset()
        if refused or first != search.known.grammar_first:
            cannot = search.known.cannot | refused
            await self._memory.put(self._key, cannot=cannot, grammar_first=first)
