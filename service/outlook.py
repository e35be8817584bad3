"""The outlook of a plan as a desk knows it: its agents' cards, what its traces tell, its width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from planner.outlook.outlook import outlook
from planner.outlook.timing import Width

if TYPE_CHECKING:
    from contracts.plan import Plan
    from planner.outlook.shape import Outlook
    from service.desk_protocol import Desk


def desk_outlook(desk: Desk, plan: Plan) -> Outlook:
    """Return what is expected of a checked plan; reads the database, so call it off the loop.

    Raises:
        Damaged: `storage.damaged`.
        Unavailable: `storage.read_failed`.
    """
    document, run = plan.as_json(), desk.settings.run
    return outlook(
        document,
        desk.registry.cards(),
        past=desk.traces.past(agents_named(document), plan_id=plan.plan_id),
        width=Width(run.concurrency, run.per_agent),
        run_s=run.timeout_s,
    )


def agents_named(document: Mapping[str, Any]) -> set[str]:
    """Return every agent that a plan may call, stand-ins too."""
    return {
        s[field] for s in document["subtasks"] for field in ("required_agent", "fallback_agent") if field in s
    }
