"""Plan an objective by rules: read it, pick the recipe, check what came out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from contracts.card import AgentCard
from contracts.errors import InvalidInput, Problem
from contracts.structure import seal
from planner.catalogue import catalogue_sha256, nearest_agents
from planner.objective import check_inputs, check_objective
from planner.rules.direct import plan_direct
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.guests import call_guest, guests_called_for, guests_named
from planner.rules.request import Request, deed_in, read_request
from planner.rules.web import plan_web
from planner.validation import check

if TYPE_CHECKING:
    from pydantic import JsonValue

_ORDER: Final = ("schema", "plan_id", "objective", "inputs", "origin", "subtasks", "result_key")


def plan_by_rules(
    objective: str, *, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
) -> dict[str, JsonValue]:
    """Return a sealed plan document that passed every check.

    Raises:
        InvalidInput: `plan.empty_objective`, `plan.objective_too_long`, `plan.objective_encoding`,
            `plan.bad_input`, `plan.unsupported_objective`.
    """
    asked = check_objective(objective)
    check_inputs(inputs)
    draft = Draft(inputs, cards)
    result = _compose(draft, read_request(asked), asked)
    if not draft.subtasks:
        raise unsupported(asked, cards, "no agent at hand does what this asks")
    document = _sealed(asked, draft, result, cards)
    problems = check(document, cards)
    if problems:
        raise _misfit(asked, cards, problems)
    return document


def unsupported(objective: str, cards: Sequence[AgentCard], why: str) -> InvalidInput:
    """Return the error that says an objective cannot be planned, naming the nearest agents."""
    near = nearest_agents(objective, cards)
    known = [card.name for card in cards]
    hint = (
        f"Nearest agents: {', '.join(near)}."
        if near
        else f"Agents at hand: {', '.join(known[:20]) or 'none'}."
    )
    if "://" not in objective and "scrape" in known:
        hint += " If it is about a page, name it by its http:// or https:// address."
    return InvalidInput(
        "plan.unsupported_objective", f"{why}: {objective[:200]!r}", hint=hint, data={"nearest": near}
    )


def _compose(draft: Draft, request: Request, objective: str) -> str | None:
    """Add every stage asked for, and return the key of the answer, when there is one."""
    named = guests_named(request, draft)
    deed = deed_in(request.text)
    if deed is not None and not named:
        raise unsupported(objective, tuple(draft.cards.values()), f"no agent at hand can {deed}")
    urls = [*map(literal, request.text.urls), *_given_urls(draft)]
    if urls:
        last = plan_web(draft, request, urls)
        for card in named:
            last = call_guest(draft, request, card, last)
        return last
    if named:
        upstream: str | None = None
        for card in named:
            upstream = call_guest(draft, request, card, upstream)
        return upstream
    answers = plan_direct(draft, request)
    if not answers:
        answers = [call_guest(draft, request, card, None) for card in guests_called_for(request, draft)]
    return answers[0] if len(answers) == 1 else None


def _given_urls(draft: Draft) -> list[Bind]:
    return [key(n) for n, v in draft.inputs.items() if isinstance(v, str) and re.match(r"https?://\S+$", v)]


def _sealed(
    objective: str, draft: Draft, result: str | None, cards: Sequence[AgentCard]
) -> dict[str, JsonValue]:
    origin: dict[str, Any] = {"planner": "rules", "catalogue_sha256": catalogue_sha256(cards)}
    if draft.warnings:
        origin["warnings"] = draft.warnings
    document: dict[str, Any] = {"objective": objective, "origin": origin, "subtasks": draft.subtasks}
    if draft.inputs:
        document["inputs"] = draft.inputs
    if result is not None:
        document["result_key"] = result
    whole = seal(document)
    return {name: whole[name] for name in _ORDER if name in whole}


def _misfit(objective: str, cards: Sequence[AgentCard], problems: Sequence[Problem]) -> InvalidInput:
    """Return the error for agents at hand that take other arguments than the recipes give."""
    error = unsupported(
        objective, cards, f"the agents at hand cannot be used for this ({problems[0].message[:200]})"
    )
    error.data["problems"] = [p.as_json() for p in problems[:20]]
    return error
