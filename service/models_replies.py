"""A planner that is somebody's service, behind the same patience, breaker and names as every model.

Its turn is a plan: the last message is the objective; names of context keys
are a JSON list in a system message before it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from pydantic import JsonValue
from typing_extensions import override

from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json, parse_json
from providers.chat import PLAIN, ChatProvider, Completion, Message, Options, Piece, ReplySource
from providers.streamed import Streamed

MAX_TOKENS = 8192


class PlannerTurns(Streamed):
    """A planner's service as a model."""

    def __init__(self, service: ReplySource) -> None:
        self._service = service

    @override
    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the plan of the last message in one piece; see `StreamingProvider`."""
        del max_tokens, options  # it has neither
        objective = next((m.content for m in reversed(messages) if m.role == "user"), "")
        found = await self._service.reply(objective, _keys(messages))
        yield Piece(found.text)
        yield Piece(end=found)


class AskedForPlans:
    """A model of that kind, asked as the planner asks for plans."""

    def __init__(self, model: ChatProvider) -> None:
        self._model = model

    async def reply(self, objective: str, context_keys: Sequence[str]) -> Completion:
        """Return a plan as JSON; see `ReplySource`."""
        keys: list[JsonValue] = [*context_keys]
        asked = (Message("system", canonical_json(keys)), Message("user", objective))
        return await self._model.complete(asked, max_tokens=MAX_TOKENS)


def _keys(messages: Sequence[Message]) -> list[str]:
    if not messages or messages[0].role != "system":
        return []
    try:
        found = parse_json(messages[0].content)
    except InvalidInput:
        return []
    return [key for key in found if isinstance(key, str)] if isinstance(found, list) else []
