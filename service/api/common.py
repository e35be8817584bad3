"""What every route of the API shares: the desk, and the words of a query."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request

from contracts.plan import Plan
from contracts.structure import seal
from service.desk_protocol import Desk
from traces.cleaning import Cleaner
from traces.plan_cleaning import clean_plan

MAX_PAGE = 200


def desk_of(request: Request) -> Desk:
    """Return the desk the application was made with."""
    desk: Desk = request.app.state.desk
    return desk


def shown_plan(request: Request, plan: Plan) -> Plan:
    """Return a plan as it may be shown; one that named a configured key is another plan now, and named so."""
    cleaner: Cleaner = request.app.state.cleaner
    document = plan.as_json()
    clean = clean_plan(document, cleaner)
    return plan if clean == document else Plan.model_validate(seal(clean))


DeskOf = Annotated[Desk, Depends(desk_of)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many, at most.")]
After = Annotated[
    str | None, Query(max_length=200, description="Where the page before ended: its `next`.", min_length=1)
]
