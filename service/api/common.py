"""What every route of the API shares: the desk, and the words of a query."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request

from service.desk_protocol import Desk

MAX_PAGE = 200


def desk_of(request: Request) -> Desk:
    """Return the desk the application was made with."""
    desk: Desk = request.app.state.desk
    return desk


DeskOf = Annotated[Desk, Depends(desk_of)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many, at most.")]
After = Annotated[
    str | None, Query(max_length=200, description="Where the page before ended: its `next`.", min_length=1)
]
