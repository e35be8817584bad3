"""How OpenAPI documents the refusals of this door."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from service.api.answers import refusals


class ErrorBody(BaseModel):
    """What went wrong."""

    message: str
    type: str
    """`invalid_request_error`, `authentication_error`, `not_found_error`, `rate_limit_error`, `server_error` …"""
    param: str | None
    """The field it is about."""
    code: str
    """Stable, `room.what`."""


class OpenAIError(BaseModel):
    """An error as OpenAI's clients read it."""

    error: ErrorBody


_MORE: Final = {502: "The model, or the run, failed.", 504: "It took too long."}
Status = Annotated[int, Field(ge=400, le=599)]


def openai_refusals(*statuses: Status, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route of OpenAI's: its own refusals and those every route has."""
    return refusals_as(OpenAIError, *statuses, body=body)


def refusals_as(
    model: type[BaseModel], *statuses: Status, body: bool = False
) -> dict[int | str, dict[str, Any]]:
    """Return likewise the `responses` of a route whose errors are a model's."""
    ours = refusals(*(s for s in statuses if s not in _MORE), body=body)
    wanted = {400 if status == 422 else status: found["description"] for status, found in ours.items()}
    wanted |= {status: _MORE[status] for status in statuses if status in _MORE}
    return {status: {"description": words, "model": model} for status, words in sorted(wanted.items())}
