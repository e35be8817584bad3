"""`llm.chat`: the next turn of a conversation, from a model the guest was granted."""

from __future__ import annotations

from typing import Final, Literal, cast

from pydantic import JsonValue

from contracts.errors import Refused, Unavailable
from providers.chat import Message
from wasm_agents.doors.asked import Asked
from wasm_agents.doors.outside import Chats
from wasm_agents.grants import DENIED, Granted

ROLES: Final = ("system", "user", "assistant")
MAX_MESSAGES: Final = 100
MAX_CHARS: Final = 256 * 1024
"""Of all messages together."""
MAX_BYTES: Final = 8 * MAX_CHARS
"""Of an input that holds them, however they are spelled."""


class LlmDoor:
    """The completions of one call.

    Args:
        granted: What the guest may ask for.
        chats: Gives a model by its name.
    """

    def __init__(self, granted: Granted, chats: Chats | None) -> None:
        self._granted = granted
        self._chats = chats

    async def chat(self, raw: bytes) -> JsonValue:
        """Return the model's text, why it ended, its name and the tokens used.

        Raises:
            InvalidInput: `capability.bad_input`.
            Refused: `capability.denied`.
            Unavailable: `capability.unavailable`, `provider.*`.
            AttemptFailed: `provider.*`.
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
        found = await chat.complete(messages, max_tokens=tokens)
        return {
            "text": found.text,
            "finish_reason": found.finish_reason,
            "model": found.model,
            "usage": {
                "prompt_tokens": found.usage.prompt_tokens,
                "completion_tokens": found.usage.completion_tokens,
            },
        }


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
