"""Planning with a model: ask, read strictly, check; on problems ask once more with their codes.

What the model cannot choose is filled in here: the objective, the caller's
inputs, the plan's name and who planned it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from contracts.card import AgentCard
from contracts.errors import AttemptFailed, InvalidInput, InvalidPlan, Problem
from contracts.jsonvalue import canonical_json
from contracts.planning_call import OnPlanningCall
from contracts.structure import seal
from planner.allowed import allowed
from planner.catalogue import catalogue_sha256
from planner.full_shape import full_shape
from planner.objective import check_inputs, check_objective
from planner.prompt import correction, first_messages, shown_cards
from planner.questions import Question, as_problem, told
from planner.reading.plan import read_plan
from planner.reading.reply import Reply
from planner.reading.suspicions import suspicions
from planner.reading.tokens import truncated
from planner.validation import check
from providers.chat import ChatProvider, Completion, Message, Options, ReplySource

if TYPE_CHECKING:
    from pydantic import JsonValue

ROUNDS: Final = 2
CUT_OFF: Final = frozenset({"length", "max_tokens"})
"""Words of endpoints for a reply that is not whole, however whole it looks."""
MAX_TOKENS: Final = 8192
TAKEN: Final = ("subtasks", "result_key")
"""All that is taken of a reply."""
IGNORED: Final = frozenset({"schema", "plan_id", "parent", "origin", "objective", "inputs", "estimate"})


@dataclass(frozen=True, slots=True)
class _Asked:
    objective: str
    inputs: Mapping[str, JsonValue]
    cards: Sequence[AgentCard]
    capabilities: frozenset[str] | None = None


async def plan_by_model(
    provider: ChatProvider,
    objective: str,
    *,
    inputs: Mapping[str, JsonValue],
    cards: Sequence[AgentCard],
    max_tokens: int = MAX_TOKENS,
    capabilities: frozenset[str] | None = None,
    on_call: OnPlanningCall | None = None,
    timeout_s: float | None = None,
) -> dict[str, JsonValue]:
    """Return a sealed plan document that passed every check.

    Args:
        provider: The model.
        objective: What is to be done.
        inputs: The context keys the caller gives.
        cards: The agents at hand.
        max_tokens: Of one reply.
        capabilities: What the operator grants guests, as in `Asked`; None: unknown.
        on_call: Told of each question to the model.
        timeout_s: For both rounds: the second has what the first left. None: as long as each may take.

    Raises:
        InvalidInput: The objective cannot be used.
        InvalidPlan: Neither of two replies could be; with the second's problems.
        Unavailable: The model did not answer.
    """
    asked = _Asked(check_objective(objective), inputs, cards, capabilities)
    check_inputs(inputs)
    messages = first_messages(asked.objective, inputs, cards)
    shape = full_shape(shown_cards(asked.objective, cards), inputs)
    options = Options(shape=shape, prefix_messages=1)
    question = Question(messages)
    first_sha256 = question.prompt_sha256
    loop = asyncio.get_running_loop()
    until = None if timeout_s is None else loop.time() + timeout_s
    for number in range(1, ROUNDS + 1):
        made: dict[str, Any] = {"prompt_sha256": first_sha256, "llm_rounds": number}
        with told(question, on_call):
            document = await _answered(
                question, question.ask(provider, max_tokens=max_tokens, options=options), asked, made=made
            )
        if document is not None:
            return document
        left_s = None if until is None else until - loop.time()
        if number == ROUNDS or (left_s is not None and left_s <= 0):
            break
        options = replace(options, timeout_s=left_s)
        again = correction(question.reply, question.problems)
        question = Question((*messages[:2], *again), number=number + 1)
    raise InvalidPlan(question.problems, hint="Say it in other words, or plan with --no-model.")


async def plan_by_source(
    source: ReplySource,
    objective: str,
    *,
    inputs: Mapping[str, JsonValue],
    cards: Sequence[AgentCard],
    capabilities: frozenset[str] | None = None,
    on_call: OnPlanningCall | None = None,
) -> dict[str, JsonValue]:
    """Return a sealed plan document of a planner elsewhere, which is asked once; see `plan_by_model`.

    Args:
        source: The planner; it is shown the objective and the names of the inputs.
        objective: What is to be done.
        inputs: The context keys the caller gives.
        cards: The agents at hand.
        capabilities: What the operator grants guests, as in `Asked`; None: unknown.
        on_call: Told of the question.
    """
    asked = _Asked(check_objective(objective), inputs, cards, capabilities)
    check_inputs(inputs)
    keys = sorted(inputs)
    question = Question((Message("user", canonical_json([asked.objective, [*keys]])),))
    made: dict[str, Any] = {"prompt_sha256": question.prompt_sha256, "llm_rounds": 1}
    with told(question, on_call):
        answer = question.take(source.reply(asked.objective, keys))
        document = await _answered(question, answer, asked, made=made)
    if document is None:
        raise InvalidPlan(question.problems, hint="Say it in other words, or plan with --no-model.")
    return document


async def _answered(
    question: Question, answer: Awaitable[Completion], asked: _Asked, *, made: Mapping[str, Any]
) -> dict[str, JsonValue] | None:
    """Return the plan that is answered; None, and the question's problems, when it cannot be used."""
    try:
        completion = await answer
        reply = _read(completion, asked.inputs)
    except (InvalidInput, AttemptFailed) as exc:
        question.problems = [as_problem(exc)]
        return None
    question.repairs = reply.repairs
    document = _document(asked, reply, {**_origin(completion, reply, asked), **made})
    question.problems = _problems(asked, reply, document)
    return None if question.problems else document


def _read(completion: Completion, inputs: Mapping[str, JsonValue]) -> Reply:
    if completion.finish_reason in CUT_OFF:
        raise truncated()
    return read_plan(completion.text, inputs=inputs)


def _problems(asked: _Asked, reply: Reply, document: Mapping[str, JsonValue]) -> list[Problem]:
    suspect = suspicions(document, asked.cards, objective=asked.objective)
    if any(problem.code == "plan.too_many_subtasks" for problem in suspect):
        return suspect  # thousands of wrong subtasks would be told one by one
    named = {problem.pointer for problem in suspect if problem.code == "plan.dependency_by_name"}
    may = allowed(asked.objective, asked.inputs, asked.cards, capabilities=asked.capabilities)
    found = check(document, asked.cards, asked=may)
    plain = [p for p in found if p.code != "plan.dangling_dependency" or p.pointer not in named]
    return [*_key_problems(reply), *plain, *suspect]


def _document(asked: _Asked, reply: Reply, origin: dict[str, Any]) -> dict[str, JsonValue]:
    document: dict[str, Any] = {"objective": asked.objective}
    if asked.inputs:
        document["inputs"] = dict(asked.inputs)
    document["origin"] = origin
    document |= {name: reply.document[name] for name in TAKEN if reply.document.get(name) is not None}
    return seal(document)


def _origin(completion: Completion, reply: Reply, asked: _Asked) -> dict[str, Any]:
    origin: dict[str, Any] = {
        "planner": "llm",
        "model": completion.model,
        "catalogue_sha256": catalogue_sha256(asked.cards),
    }
    return origin | ({"repairs": [dict(r) for r in reply.repairs]} if reply.repairs else {})


def _key_problems(reply: Reply) -> list[Problem]:
    extra = [str(k) for k in reply.document if k not in IGNORED and k not in TAKEN]
    return [
        Problem("plan.shape", f"/{name[:60]}", f"a plan has no field {name[:60]!r}") for name in extra[:20]
    ]
