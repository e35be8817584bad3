"""A plan's page: look at it, change it, approve exactly what was shown, start it.

A plan in the making is kept by the page alone: its form carries the document,
which is sealed and checked anew each time. What starts is the plan whose id
the page showed; anything else is told as a change, and starts nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.errors import CallsheetError, Conflict, NotFound
from service import actions
from service.api.common import DeskOf, shown_plan
from service.dashboard.changes import changes_of
from service.dashboard.drafts import Draft, basis_of, edited_draft, made_draft
from service.dashboard.forms import objective_form, read_form
from service.dashboard.planform import (
    MAX_CHARS,
    PlanForm,
    base_of,
    carried_text,
    editor_text,
    plan_form,
)
from service.dashboard.planview import covered_steps, faults_of, steps_of
from service.dashboard.render import Page, page
from service.dashboard.starting import form_page
from service.dashboard.subtasks import graph_of, imagined, subtasks_of
from service.desk_protocol import Desk
from service.known_plans import KnownPlan
from service.outlook import desk_outlook
from service.refusals import PlanChanged

router = APIRouter(prefix="/ui/plans", include_in_schema=False)


@router.get("")
async def write(desk: DeskOf, run: Annotated[str, Query(max_length=128)] = "") -> Page:
    """Show an empty page to write a plan on, or the plan of a run to edit."""
    if not run:
        return await _shown(desk, Draft(PlanForm(), {}))
    found = desk.runs.get(run)
    if found.plan is None:
        raise NotFound("run.not_planned", f"run {run!r} has no plan yet", hint="Its page says when it has.")
    if found.is_redacted:
        said = f"a secret was taken out of run {run!r} when it was kept, so its plan cannot go on from here"
        raise Conflict("run.redacted", said, hint="Submit the objective again.")
    return await _shown(desk, await made_draft(desk, PlanForm(run_id=run), found.plan))


@router.post("")
async def take(request: Request, desk: DeskOf) -> Response:
    """Plan an objective, check an edit, or start the plan that was shown."""
    fields = await read_form(request)
    if fields.get("action") == "plan":
        return await _planned(request, desk, fields)
    form = plan_form(fields)
    draft = await edited_draft(desk, form, base_of(form, desk))
    if form.action == "check" or draft.known is None:
        return await _shown(desk, draft)
    try:
        run_id = await _started(desk, draft, draft.known)
    except CallsheetError as exc:
        return await _shown(desk, replace(draft, error=exc))
    return RedirectResponse(f"/ui/runs/{run_id}", status_code=303)


async def _planned(request: Request, desk: Desk, fields: Mapping[str, str]) -> Response:
    asked = objective_form(fields)
    if asked.errors:
        return form_page(desk, asked, status=422)
    try:
        plan = shown_plan(request, await desk.plan(asked.objective, asked.values()))
    except CallsheetError as exc:
        text = f"{exc.message} {exc.hint}".strip()
        return form_page(desk, replace(asked, errors={"form": text}), status=exc.http_status)
    form = PlanForm(base=carried_text(plan), approval="effects" if asked.approval == "effects" else "plan")
    return await _shown(desk, await made_draft(desk, form, plan))


async def _started(desk: Desk, draft: Draft, known: KnownPlan) -> str:
    """Start the plan that was shown, and return its run."""
    form = draft.form
    if known.plan.plan_id != form.plan_id:
        raise PlanChanged(
            "approval.plan_changed",
            f"the page showed plan {form.plan_id[:64] or 'none'}; its text is plan {known.plan.plan_id} now",
            where="/plan_id",
            hint="Nothing was started. Look at what changed, then approve the plan as it is shown now.",
        )
    if basis_of(desk, known.plan, draft.policy) != form.basis:
        raise PlanChanged(
            "approval.plan_changed",
            "the agents it calls, or what it may reach, are not what the page showed",
            where="/basis",
            hint="Nothing was started. Look at the plan's outlook as it is now, then approve it.",
        )
    rejects = form.rejects and form.run_id != ""
    if rejects:
        actions.check_decidable(desk, form.run_id, plan_id=form.base_id)
    taken = await actions.start_seen(desk, known, approval=form.approval, name=form.once or None)
    if rejects and not taken.is_replay:
        with suppress(Conflict):  # it has ended or got another plan by now; what was started is started
            await actions.decide(desk, form.run_id, "reject", plan_id=form.base_id)
    return taken.run_id


async def _shown(desk: Desk, draft: Draft) -> Page:
    """Return the plan's page; it is made off the loop, since a plan may be long."""
    return await asyncio.to_thread(_plan_page, desk, draft, f"plan-{desk.ids.new()}")


def _plan_page(desk: Desk, draft: Draft, once: str) -> Page:
    plan = draft.known.plan if draft.known else None
    faults = faults_of(draft.error, draft.document) if draft.error else ()
    outlook = desk_outlook(desk, plan) if plan else None
    subtasks = subtasks_of(imagined(plan), ()) if plan else ()
    text = editor_text(draft.document) if plan else draft.form.document
    form = draft.form
    if plan and draft.base is None:  # the next edit is one of this plan
        form = replace(form, base=carried_text(plan))
    return page(
        "plan.html",
        status=draft.error.http_status if draft.error else 200,
        here="new",
        form=form,
        text=text,
        is_long=len(text) > MAX_CHARS,
        longest=MAX_CHARS,
        plan=plan,
        base=draft.base,
        changes=changes_of(draft.base, plan, desk.registry.cards())
        if draft.base and plan and draft.is_edit
        else None,
        faults=faults,
        steps=steps_of(draft.document, () if plan else faults, outlook),
        outlook=outlook,
        covered=covered_steps(plan, outlook) if plan and outlook else (),
        policy=draft.policy,
        basis=basis_of(desk, plan, draft.policy) if plan else "",
        can_reject=form.run_id != "" and any(w.kind == "approval" for w in desk.waits(form.run_id)),
        graph=graph_of(subtasks),
        once=once,
    )
