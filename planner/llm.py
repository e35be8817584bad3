"""Planning with a model: ask, read strictly, check; on problems ask once more with their codes.

What the model cannot choose is filled in here: the objective, the caller's
inputs, the plan's name and who planned it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from contracts.card import AgentCard
from contracts.errors import AttemptFailed, InvalidInput, InvalidPlan, Problem
from contracts.jsonvalue import canonical_json
from contracts.structure import seal
from planner.catalogue import catalogue_sha256
from planner.hosts import hosts_within
from planner.objective import check_inputs, check_objective
from planner.prompt import correction, first_messages
from planner.replies import Reply, read_reply
from planner.rules.text import read_text
from planner.validation import check
from providers.chat import ChatProvider, Completion, Message

if TYPE_CHECKING:
    from pydantic import JsonValue

ROUNDS: Final = 2
MAX_TOKENS: Final = 8192
TAKEN: Final = ("subtasks", "result_key")
"""All that is taken of a reply."""
IGNORED: Final = frozenset({"schema", "plan_id", "parent", "origin", "objective", "inputs", "estimate"})


@dataclass(frozen=True, slots=True)
class _Asked:
    objective: str
    inputs: Mapping[str, JsonValue]
    cards: Sequence[AgentCard]

    def hosts(self) -> set[str]:
        """Return the hosts a plan may name: those the objective and the inputs name."""
        text = read_text(self.objective)
        return hosts_within([self.objective, *text.urls, *text.images, dict(self.inputs)])


async def plan_by_model(
    provider: ChatProvider,
    objective: str,
    *,
    inputs: Mapping[str, JsonValue],
    cards: Sequence[AgentCard],
    max_tokens: int = MAX_TOKENS,
) -> dict[str, JsonValue]:
    """Return a sealed plan document that passed every check.

    Raises:
        InvalidInput: The objective cannot be used.
        InvalidPlan: Neither of two replies could be; with the second's problems.
        Unavailable: The model did not answer.
    """
    asked = _Asked(check_objective(objective), inputs, cards)
    check_inputs(inputs)
    messages = first_messages(asked.objective, inputs, cards)
    prompt_sha256 = _prompt_sha256(messages)
    problems: list[Problem] = []
    for round_number in range(1, ROUNDS + 1):
        text = ""
        try:
            completion = await provider.complete(messages, max_tokens=max_tokens)
            text = completion.text
            reply = read_reply(text)
        except InvalidInput as exc:
            problems = [Problem(exc.code, "", exc.message)]
        except AttemptFailed as exc:
            problems = [Problem(_READING.get(exc.code, "plan.reply_malformed"), "", exc.message)]
        else:
            document = _document(asked, reply, _origin(completion, reply, asked, prompt_sha256, round_number))
            problems = _key_problems(reply) + check(document, cards, allowed_hosts=asked.hosts())
            if not problems:
                return document
        messages = (*messages[:2], *correction(text, problems))
    raise InvalidPlan(problems, hint="Say it in other words, or plan with --no-model.")


_READING: Final = {"provider.truncated": "plan.reply_truncated"}


def _document(asked: _Asked, reply: Reply, origin: dict[str, Any]) -> dict[str, JsonValue]:
    document: dict[str, Any] = {"objective": asked.objective}
    if asked.inputs:
        document["inputs"] = dict(asked.inputs)
    document["origin"] = origin
    document |= {name: reply.document[name] for name in TAKEN if reply.document.get(name) is not None}
    return seal(document)


def _origin(
    completion: Completion, reply: Reply, asked: _Asked, prompt_sha256: str, rounds: int
) -> dict[str, Any]:
    origin: dict[str, Any] = {
        "planner": "llm",
        "model": completion.model,
        "catalogue_sha256": catalogue_sha256(asked.cards),
        "prompt_sha256": prompt_sha256,
        "llm_rounds": rounds,
    }
    return origin | ({"repairs": [dict(r) for r in reply.repairs]} if reply.repairs else {})


def _key_problems(reply: Reply) -> list[Problem]:
    extra = [str(k) for k in reply.document if k not in IGNORED and k not in TAKEN]
    return [
        Problem("plan.shape", f"/{name[:60]}", f"a plan has no field {name[:60]!r}") for name in extra[:20]
    ]


def _prompt_sha256(messages: Sequence[Message]) -> str:
    text = canonical_json([[m.role, m.content] for m in messages])
    return hashlib.sha256(text.encode()).hexdigest()
