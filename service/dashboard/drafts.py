"""A plan in the making: read from a planner or an editor, sealed anew, and checked like any other."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import JsonValue

from contracts.card import GUEST
from contracts.errors import CallsheetError, InvalidPlan
from contracts.jsonvalue import sha256_of
from contracts.plan import Plan
from contracts.policy import Policy
from planner.checks.asked import Asked
from planner.validation import check
from service.dashboard.planform import PlanForm, edited, editor_text
from service.desk_protocol import Desk
from service.granted import granted_capabilities
from service.known_plans import KnownPlan
from service.outlook import agents_named


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan in the making."""

    form: PlanForm
    document: Mapping[str, JsonValue]
    """Sealed; empty where the text is no JSON object."""
    base: Plan | None = None
    """What it was edited from."""
    known: KnownPlan | None = None
    """None while something is wrong with it."""
    policy: Policy | None = None
    error: CallsheetError | None = None

    @property
    def is_edit(self) -> bool:
        """Whether it is another plan than what it was edited from."""
        return self.base is not None and self.document.get("plan_id") not in (None, self.base.plan_id)


def basis_of(desk: Desk, plan: Plan, policy: Policy | None) -> str:
    """Return a name for what a plan's approval rests on beside its text: its agents' cards, what it may reach."""
    named = agents_named(plan.as_json())
    cards = {card.name: card.as_json() for card in desk.registry.cards() if card.name in named}
    reach = None if policy is None else policy.model_dump(mode="json")
    return sha256_of({"cards": dict(cards), "reach": reach})


async def made_draft(desk: Desk, form: PlanForm, plan: Plan) -> Draft:
    """Return a plan as it was made, to be edited."""
    document = plan.as_json()
    return await _checked(desk, Draft(replace(form, document=editor_text(document)), document, plan))


async def edited_draft(desk: Desk, form: PlanForm, base: Plan | None) -> Draft:
    """Return a plan as somebody left it in the editor."""
    try:
        document = edited(form.document, base)
    except CallsheetError as exc:
        return Draft(form, {}, base, error=exc)
    return await _checked(desk, Draft(form, document, base))


async def _checked(desk: Desk, draft: Draft) -> Draft:
    try:
        known = await desk.known.read(draft.document)
        plan = known.plan
        await asyncio.to_thread(_check_grants, desk, plan)
        policy = desk.order(plan.objective, inputs=plan.inputs, plan=known).run.policy
    except CallsheetError as exc:
        return replace(draft, error=exc)
    return replace(draft, known=known, policy=policy)


def _check_grants(desk: Desk, plan: Plan) -> None:
    """Refuse what a guest of a plan would be denied.

    Raises:
        InvalidPlan: `plan.capability_not_granted`, for each.
    """
    if not any(name.startswith(GUEST) for name in agents_named(plan.as_json())):
        return
    granted = granted_capabilities(desk.settings.guests, os.environ)
    cards = desk.registry.cards()
    found = check(plan.as_json(), cards, is_ours=True, asked=Asked(capabilities=granted))
    denied = [problem for problem in found if problem.code == "plan.capability_not_granted"]
    if denied:
        raise InvalidPlan(denied)
