"""Plan an objective by rules: read it, pick the recipes, check what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from contracts.card import AgentCard
from contracts.errors import InvalidInput, Problem
from contracts.structure import seal
from planner.chaining.profiles import Profile
from planner.objective import check_inputs, check_objective
from planner.rules.compose import compose
from planner.rules.draft import Draft
from planner.rules.injections import injected_spans
from planner.rules.known import Known, known_of
from planner.rules.refusal import unsupported
from planner.rules.text import Text, read_text
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
    known = known_of(cards)
    draft = Draft(inputs, cards, objective=asked)
    result = composed(draft, read_text(asked, known.speller), known.profiles)
    if not draft.subtasks:
        raise unsupported(asked, cards, "no agent at hand does what this asks")
    document = _sealed(asked, draft, result, known)
    problems = check(document, cards, is_ours=True)
    if problems:
        raise _misfit(asked, cards, problems)
    return document


def composed(draft: Draft, text: Text, profiles: Sequence[Profile]) -> str | None:
    """Add every stage asked for, but none for what is smuggled in, and return the answer's key, if there is one."""
    plain = without_smuggled(text)
    if plain is text:
        return compose(draft, text, profiles, is_lenient=False)
    draft.warn("left out: instructions to the planner that stand in the objective")
    return compose(draft, plain, profiles, is_lenient=True)


def without_smuggled(text: Text) -> Text:
    """Return a text without instructions to the planner; the very text when it has none."""
    smuggled = injected_spans(text.folded)
    if not smuggled:
        return text
    kept: list[tuple[int, int]] = []
    here = 0
    for start, end in smuggled:
        kept += [(here, start)] if text.plain[here:start].strip() else []
        here = end
    kept += [(here, len(text.plain))] if text.plain[here:].strip() else []
    return text.parts(kept)


def _sealed(objective: str, draft: Draft, result: str | None, known: Known) -> dict[str, JsonValue]:
    origin: dict[str, Any] = {"planner": "rules", "catalogue_sha256": known.sha256}
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
