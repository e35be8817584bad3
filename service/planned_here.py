"""A plan made before there is a run: what a model was asked for it is kept with the run that comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from contracts.journal import Receipt
from contracts.plan import Plan
from contracts.planning_call import heard_by
from dispatcher.planning_receipts import PlanningCalls
from service.desk import LocalDesk


async def planned_here(
    desk: LocalDesk, objective: str, inputs: Mapping[str, JsonValue]
) -> tuple[Plan, Sequence[Receipt]]:
    """Return a plan for an objective, and the receipts that the run of it begins with.

    Raises:
        CallsheetError: As the planner does.
    """
    calls, found = PlanningCalls(desk.ids, desk.clock), list[Receipt]()
    with heard_by(lambda call: found.append(calls.receipt(call))):
        plan = await desk.plan(objective, inputs)
    for number, receipt in enumerate(found, 2):  # event 1 is the run's own
        receipt.event_id = number
    return plan, found
