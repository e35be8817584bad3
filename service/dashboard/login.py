"""The dashboard's door where an API key is set: the key buys a session cookie."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.dashboard.forms import read_form
from service.dashboard.render import Page, page
from service.security import SESSION_COOKIE, SESSION_S, KeyRule

router = APIRouter(prefix="/ui", include_in_schema=False)


@router.get("/login")
def ask(request: Request, next: Annotated[str, Query(max_length=300)] = "") -> Response:  # noqa: A002  # the query's word
    """Show the form that asks for the key."""
    if _keys(request).is_open:
        return RedirectResponse(own_path(next), status_code=303)
    return _login_page(next, error="", status=200)


@router.post("/login")
async def enter(request: Request) -> Response:
    """Open a session for whoever gives the key."""
    fields = await read_form(request)
    after = own_path(fields.get("next", ""))
    keys = _keys(request)
    if not keys.is_open and not keys.accepts(fields.get("key", "").strip()):
        return _login_page(after, error="This is not the server's key.", status=401)
    answer = RedirectResponse(after, status_code=303)
    if not keys.is_open:
        answer.set_cookie(
            SESSION_COOKIE,
            keys.new_session(),
            max_age=SESSION_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    return answer


def own_path(path: str) -> str:
    """Return the path if it is one of the dashboard's, else the runs'."""
    is_plain = path.isascii() and path.isprintable() and "\\" not in path and " " not in path
    return path if is_plain and path.startswith("/ui/") and not path.startswith("/ui/login") else "/ui/runs"


def _login_page(after: str, *, error: str, status: int) -> Page:
    return page("login.html", status=status, here="", after=own_path(after), error=error)


def _keys(request: Request) -> KeyRule:
    found: KeyRule = request.app.state.keys
    return found
