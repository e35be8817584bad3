"""Errors as RFC 9457 problem documents: a stable code, what was wrong, the next step; never a traceback."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from contracts.errors import CallsheetError, InvalidInput, NotFound, Unavailable
from contracts.jsonvalue import join_pointer
from service.api.answers import JsonAnswer
from service.refusals import InternalError, MethodNotAllowed, TooLarge, TooSlow, Unauthenticated

MEDIA_TYPE: Final = "application/problem+json"
MAX_DETAIL: Final = 2_000
MAX_ERRORS: Final = 100


class ProblemDocument(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    """A URN made of the code."""
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    instance: str
    """The path that was asked for."""
    code: str
    """Stable, `room.what`."""
    hint: str | None = None
    """The next step."""
    where: str | None = None
    """A pointer, path or URL."""
    errors: list[dict[str, Any]] | None = None
    """Every reason, each with a pointer."""
    subtasks: list[str] | None = None
    """Those that are meant."""


def problem_answer(error: CallsheetError, *, instance: str) -> JsonAnswer:
    """Return the answer that tells a program what went wrong."""
    status = error.http_status
    body: dict[str, Any] = {
        "type": f"urn:callsheet:error:{error.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _bounded(error.message),
        "instance": _bounded(instance),
        "code": error.code,
    }
    body |= {k: _bounded(v) for k, v in (("hint", error.hint), ("where", error.where)) if v}
    errors = error.data.get("problems") or error.data.get("errors")
    if errors:
        body["errors"] = list(errors)[:MAX_ERRORS]
    if "subtasks" in error.data:
        body["subtasks"] = list(error.data["subtasks"])[:MAX_ERRORS]
    return JsonAnswer(body, status_code=status, media_type=MEDIA_TYPE, headers=headers_of(error))


def headers_of(error: CallsheetError) -> dict[str, str]:
    """Return the headers HTTP asks for with an error."""
    if isinstance(error, MethodNotAllowed):
        return {"Allow": ", ".join(error.data["allow"])}
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="callsheet"'}
    if isinstance(error, Unavailable):
        return {"Retry-After": "5"}
    return {"Connection": "close"} if isinstance(error, TooLarge | TooSlow) else {}


def invalid_request(errors: Iterable[Mapping[str, Any]], *, where: str = "") -> InvalidInput:
    """Return pydantic's findings as one error, without the values that were sent."""
    found = [
        {"code": "request.invalid", "pointer": join_pointer(*e["loc"]), "message": _bounded(str(e["msg"]))}
        for e in errors
    ][:MAX_ERRORS]
    first = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return InvalidInput(
        "request.invalid",
        f"{first['pointer'] or 'the request'}: {first['message']}{more}",
        where=where or first["pointer"],
        hint="The fields and their types are at /openapi.json.",
        data={"errors": found},
    )


def as_error(exc: Exception, request: Request) -> CallsheetError:
    """Return a framework's exception as one of ours."""
    if isinstance(exc, CallsheetError):
        return exc
    if isinstance(exc, RequestValidationError | ValidationError):
        return invalid_request(exc.errors())
    if isinstance(exc, HTTPException) and exc.status_code == HTTPStatus.NOT_FOUND:
        return NotFound(
            "route.unknown",
            f"nothing is at {_bounded(request.url.path, 200)!r}",
            hint="GET /openapi.json lists every path.",
        )
    if isinstance(exc, HTTPException) and exc.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allow = allowed_methods(request)
        return MethodNotAllowed(
            "route.method",
            f"{_bounded(request.method, 20)} is not for {_bounded(request.url.path, 200)!r}, {', '.join(allow)} is",
            data={"allow": allow},
        )
    if isinstance(exc, HTTPException):
        return _RawStatus(exc.status_code, str(exc.detail))
    return InternalError("internal.error", "something went wrong on our side")


def allowed_methods(request: Request) -> list[str]:
    """Return every method some route takes at the request's path, sorted."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        pattern = getattr(route, "path_regex", None)
        if pattern is not None and pattern.match(request.scope["path"]):
            found |= route.methods or set()
    return sorted(found)


class _RawStatus(InvalidInput):
    """Whatever else the framework refuses by itself."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__("request.refused", detail or HTTPStatus(status).phrase)
        self.http_status = status  # type: ignore[misc]  # the framework decides it case by case


def _bounded(text: str, limit: int = MAX_DETAIL) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
