"""`llm.chat`: the next turn of a conversation, from a model the guest was granted."""

from __future__ import annotations

import asyncio
from typing import Final, Literal, cast

from pydantic import JsonValue

from contracts.errors import CallsheetError, Refused, Unavailable
from egress.meter import check_left, count
from providers.chat import ChatProvider, Completion, Message
from wasm_agents.doors.asked import Asked
from wasm_agents.doors.outside import Chats
from wasm_agents.doors.spending import Spending
from wasm_agents.grants import DENIED, Granted

ROLES: Final = ("system", "user", "assistant")
MAX_MESSAGES: Final = 100
MAX_CHARS: Final = 256 * 1024
"""Of all messages together."""
MAX_BYTES: Final = 8 * MAX_CHARS
"""Of an input that holds them, however they are spelled."""
UNCOUNTED: Final = frozenset({"provider.truncated", "provider.cut_off"})
"""Failures after which a model has written, and nobody says how much: as much as it was allowed."""


class LlmDoor:
    """The completions of one call.

    Args:
        granted: What the guest may ask for.
        chats: Gives a model by its name.
        spending: Counts them.
    """

    def __init__(self, granted: Granted, chats: Chats | None, spending: Spending) -> None:
        self._granted = granted
        self._chats = chats
        self._spending = spending

    async def chat(self, raw: bytes) -> JsonValue:
        """Return the model's text, why it ended, its name and the tokens used.

        Raises:
            InvalidInput: `capability.bad_input`.
            Refused: `capability.denied`.
            Unavailable: `capability.unavailable`, `provider.*`.
            AttemptFailed: `provider.*`; `budget.tokens`, `budget.usd`: nothing is left of the run's budget.
        """
        asked = Asked("llm.chat", raw, known=("model", "messages", "max_tokens"), most=MAX_BYTES)
        model = asked.text("model", most=128, default="default")
        if why := self._granted.allows_llm(model):
            raise Refused(DENIED, why, hint="Ask for it under capabilities.llm; the operator allows it.")
        most = self._granted.max_tokens(model)
        tokens = min(most, asked.whole("max_tokens", least=1, most=1_000_000, default=most))
        messages = _messages(asked)
        chat = self._chats(model) if self._chats is not None else None
        if chat is None:
            raise Unavailable(
                "capability.unavailable",
                f"no model called {model!r} is set up here",
                hint="Set model.url and model.name.",
            )
        found = await self._answered(chat, messages, max_tokens=tokens)
        return {
            "text": found.text,
            "finish_reason": found.finish_reason,
            "model": found.model,
            "usage": {
                "prompt_tokens": found.usage.prompt_tokens,
                "completion_tokens": found.usage.completion_tokens,
            },
        }

    async def _answered(self, chat: ChatProvider, messages: list[Message], *, max_tokens: int) -> Completion:
        """Ask within what the run's budgets leave, and count what was used."""
        check_left("usd")
        left = check_left("tokens")
        most = max_tokens if left is None else min(max_tokens, max(1, int(left)))
        self._spending.llm_calls += 1
        try:
            found = await chat.complete(messages, max_tokens=most)
        except CallsheetError as exc:
            self._count(most if _has_written(exc) else 0, 0.0)
            raise
        except asyncio.CancelledError:
            self._count(most, 0.0)
            raise
        self._count(found.usage.prompt_tokens + found.usage.completion_tokens, found.usd or 0.0)
        return found

    def _count(self, tokens: int, usd: float) -> None:
        self._spending.tokens += tokens
        self._spending.usd += usd
        count("tokens", tokens)
        count("usd", usd)


def _has_written(error: CallsheetError) -> bool:
    """Say whether a model wrote before it failed: a slow one had, unless it never began."""
    is_slow = error.code == "provider.timeout" and error.data.get("stage") == "whole"
    return is_slow or error.code in UNCOUNTED


def _messages(asked: Asked) -> list[Message]:
    given = asked.value("messages")
    if not isinstance(given, list) or not 0 < len(given) <= MAX_MESSAGES:
        raise asked.bad(f"'messages' is a list of 1 to {MAX_MESSAGES}")
    found, chars = [], 0
    for message in given:
        match message:
            case {"role": "system" | "user" | "assistant" as role, "content": str(content), **rest} if (
                not rest
            ):
                chars += len(content)
                found.append(Message(cast("Literal['system', 'user', 'assistant']", role), content))
            case _:
                raise asked.bad(f"a message is {{role, content}}, the role one of {', '.join(ROLES)}")
    if chars > MAX_CHARS:
        raise asked.bad(f"{chars} characters of messages, at most {MAX_CHARS} are sent")
    return found
