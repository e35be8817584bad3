"""The form of a plan's page, read strictly: the document as it was edited, and what it was edited from.

Nothing in it is trusted. The document is sealed anew and checked like any
other; `plan_id`, `parent` and `origin` are never taken from what was typed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import JsonValue

from contracts.errors import InvalidInput, InvalidPlan, Problem
from contracts.jsonvalue import parse_json
from contracts.plan import Plan, load_plan
from contracts.structure import UNHASHED, seal
from service.dashboard.present import unseen_escaped
from service.desk_protocol import Desk
from service.idempotency import check_name

MAX_CHARS: Final = 200_000
"""Of a plan in the editor."""
PlanApproval = Literal["plan", "effects"]
"""Approved as a whole; or started so that each effect waits for a person."""
_WIDE: Final = 80
_ORDER: Final = ("schema", "plan_id", "parent", "objective", "inputs", "origin", "subtasks", "result_key")


@dataclass(frozen=True, slots=True)
class PlanForm:
    """What was sent from a plan's page."""

    document: str = ""
    """The editor's text."""
    base: str = ""
    """JSON of the plan it was edited from; empty where it is edited from a run's plan, or from nothing."""
    plan_id: str = ""
    """The plan that was shown."""
    run_id: str = ""
    """The run whose plan is edited."""
    basis: str = ""
    """Of the agents and the limits that were shown with it."""
    base_id: str = ""
    """The plan of that run as it was shown."""
    approval: PlanApproval = "plan"
    rejects: bool = False
    """Whether that run is to be rejected once the edit has started."""
    action: Literal["check", "start"] = "check"
    once: str = ""
    """Sent twice, it starts one run."""


def plan_form(fields: Mapping[str, str]) -> PlanForm:
    """Return the form of its fields; whatever is not one of a field's words is the most careful of them."""
    return PlanForm(
        document=fields.get("document", ""),
        base=fields.get("base", ""),
        plan_id=fields.get("plan_id", ""),
        basis=fields.get("basis", ""),
        run_id=fields.get("run_id", ""),
        base_id=fields.get("base_id", ""),
        approval="plan" if fields.get("approval") == "plan" else "effects",
        rejects=fields.get("rejects") == "yes",
        action="start" if fields.get("action") == "start" else "check",
        once=check_name(fields.get("once") or None) or "",
    )


def base_of(form: PlanForm, desk: Desk) -> Plan | None:
    """Return the plan that was edited: a run's as its page showed it, or the one the page carries.

    Raises:
        NotFound: `run.unknown`.
        InvalidInput: `json.*`, or InvalidPlan: the page's plan is none any more.
    """
    if form.run_id:
        now = desk.runs.get(form.run_id).plan
        if now is None or form.base_id in ("", now.plan_id):
            return now
        return desk.runs.plan(form.base_id) or now  # the run has got another plan since
    return load_plan(_bounded(form.base)) if form.base else None


def edited(text: str, base: Plan | None) -> dict[str, JsonValue]:
    """Return the sealed document of an edited plan.

    What equals `base` is that plan still; anything else is a new plan that a
    person made, whose parent is `base`.

    Raises:
        InvalidInput: `json.*`, `plan.too_long`.
        InvalidPlan: It is no object.
    """
    found = parse_json(_bounded(text))
    if not isinstance(found, dict):
        said = f"a plan is an object, this is {type(found).__name__}"
        raise InvalidPlan([Problem("plan.shape", "", said, "Begin with { and end with }.")])
    bare = {name: value for name, value in found.items() if name not in UNHASHED}
    document = seal(bare)
    if base is not None:
        if document["plan_id"] == base.plan_id:
            return base.as_json()
        document["parent"] = base.plan_id
    return {name: document[name] for name in (*_ORDER, *document) if name in document}


def editor_text(document: Mapping[str, JsonValue]) -> str:
    """Return a plan as it stands in the editor: what the server fills in stays out."""
    bare = {name: value for name, value in document.items() if name not in UNHASHED}
    return unseen_escaped(_laid_out(bare, ""))


def carried_text(plan: Plan) -> str:
    """Return a plan as its page carries it."""
    return unseen_escaped(json.dumps(plan.as_json(), ensure_ascii=False, separators=(",", ":")))


def _laid_out(value: JsonValue, margin: str) -> str:
    """Return JSON over lines; what fits into one stays on one."""
    flat = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, dict | list) or len(margin) + len(flat) <= _WIDE:
        return flat
    inner = f"{margin}  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(k, ensure_ascii=False)}: {_laid_out(v, inner)}" for k, v in value.items()]
    else:
        parts = [_laid_out(v, inner) for v in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    return first + "\n" + ",\n".join(inner + part for part in parts) + f"\n{margin}{last}"


def _bounded(text: str) -> str:
    if len(text) > MAX_CHARS:
        raise InvalidInput(
            "plan.too_long",
            f"a plan of {len(text)} characters, at most {MAX_CHARS} are read from a page",
            hint="Send it to POST /objectives, or run it with `callsheet run PLAN.json`.",
        )
    return text
