"""Planning with a model: ask, read strictly, check; on problems ask once more with their codes.

What the model cannot choose is filled in here: the objective, the caller's
inputs, the plan's name and who planned it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from contracts.card import AgentCard
from contracts.effect import Effect
from contracts.errors import AttemptFailed, InvalidInput, InvalidPlan, Problem
from contracts.hosts import hosts_within
from contracts.jsonvalue import canonical_json
from contracts.structure import seal
from planner.catalogue import catalogue_sha256
from planner.objective import check_inputs, check_objective
from planner.prompt import correction, first_messages
from planner.reading.plan import read_plan
from planner.reading.reply import Reply
from planner.reading.suspicions import suspicions
from planner.reading.tokens import truncated
from planner.rules.text import read_text
from planner.validation import Asked, check
from providers.chat import ChatProvider, Completion, Message

if TYPE_CHECKING:
    from pydantic import JsonValue

ROUNDS: Final = 2
CUT_OFF: Final = frozenset({"length", "max_tokens"})
"""Words of endpoints for a reply that is not whole, however whole it looks."""
_READING: Final = {"provider.truncated": "plan.reply_truncated"}
MAX_TOKENS: Final = 8192
TAKEN: Final = ("subtasks", "result_key")
"""All that is taken of a reply."""
IGNORED: Final = frozenset({"schema", "plan_id", "parent", "origin", "objective", "inputs", "estimate"})


HARMLESS: Final = frozenset({Effect.PURE.value, Effect.IDEMPOTENT.value})
_WORD: Final = re.compile(r"[^\W_]+(?:[:_][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class _Asked:
    objective: str
    inputs: Mapping[str, JsonValue]
    cards: Sequence[AgentCard]
    capabilities: frozenset[str] | None = None

    def allows(self) -> Asked:
        """Return what a plan may reach and do: what the objective and the inputs name, nothing more."""
        text = read_text(self.objective)
        hosts = hosts_within([self.objective, *text.urls, *text.images, dict(self.inputs)])
        return Asked(
            hosts=frozenset(hosts),
            effects=HARMLESS,
            agents=frozenset(self._called()),
            capabilities=self.capabilities,
            is_model=True,
        )

    def _called(self) -> Iterator[str]:
        """Yield the agents the objective calls by name, or by a word their cards say calls for them."""
        said = {word.lower() for word in _WORD.findall(self.objective)}
        for card in self.cards:
            if not said.isdisjoint({card.name, card.name.removeprefix("wasm:"), *card.words}):
                yield card.name


async def plan_by_model(
    provider: ChatProvider,
    objective: str,
    *,
    inputs: Mapping[str, JsonValue],
    cards: Sequence[AgentCard],
    max_tokens: int = MAX_TOKENS,
    capabilities: frozenset[str] | None = None,
) -> dict[str, JsonValue]:
    """Return a sealed plan document that passed every check.

    Args:
        provider: The model.
        objective: What is to be done.
        inputs: The context keys the caller gives.
        cards: The agents at hand.
        max_tokens: Of one reply.
        capabilities: What the operator grants guests, as in `Asked`; None: unknown.

    Raises:
        InvalidInput: The objective cannot be used.
        InvalidPlan: Neither of two replies could be; with the second's problems.
        Unavailable: The model did not answer.
    """
    asked = _Asked(check_objective(objective), inputs, cards, capabilities)
    check_inputs(inputs)
    messages = first_messages(asked.objective, inputs, cards)
    prompt_sha256 = _prompt_sha256(messages)
    problems: list[Problem] = []
    for round_number in range(1, ROUNDS + 1):
        text = ""
        try:
            completion = await provider.complete(messages, max_tokens=max_tokens)
            text = completion.text
            reply = _read(completion, inputs)
        except InvalidInput as exc:
            problems = [Problem(exc.code, "", exc.message, exc.hint)]
        except AttemptFailed as exc:
            problems = [Problem(_READING.get(exc.code, "plan.reply_malformed"), "", exc.message)]
        else:
            document = _document(asked, reply, _origin(completion, reply, asked, prompt_sha256, round_number))
            problems = _problems(asked, reply, document)
            if not problems:
                return document
        messages = (*messages[:2], *correction(text, problems))
    raise InvalidPlan(problems, hint="Say it in other words, or plan with --no-model.")


def _read(completion: Completion, inputs: Mapping[str, JsonValue]) -> Reply:
    if completion.finish_reason in CUT_OFF:
        raise truncated()
    return read_plan(completion.text, inputs=inputs)


def _problems(asked: _Asked, reply: Reply, document: Mapping[str, JsonValue]) -> list[Problem]:
    suspect = suspicions(document, asked.cards, objective=asked.objective)
    if any(problem.code == "plan.too_many_subtasks" for problem in suspect):
        return suspect  # thousands of wrong subtasks would be told one by one
    named = {problem.pointer for problem in suspect if problem.code == "plan.dependency_by_name"}
    found = check(document, asked.cards, asked=asked.allows())
    plain = [p for p in found if p.code != "plan.dangling_dependency" or p.pointer not in named]
    return [*_key_problems(reply), *plain, *suspect]


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
