"""Request bodies: read strictly, checked, and documented in OpenAPI."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from starlette.requests import Request

from contracts.errors import InvalidInput
from contracts.jsonvalue import parse_json
from service.problems import WrongMediaType, invalid_request

MAX_OBJECTIVE: Final = 4_000
"""Characters; `plan/1` holds no more."""

Body = TypeVar("Body", bound=BaseModel)


class PlanRequest(BaseModel):
    """An objective to plan."""

    model_config = ConfigDict(extra="forbid")

    objective: str
    """What is wanted, in words."""
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    """Context keys the plan may read."""


class ObjectiveRequest(BaseModel):
    """An objective to run, planned here or with a plan of one's own."""

    model_config = ConfigDict(extra="forbid")

    objective: str | None = None
    """What is wanted, in words; may be left out where `plan` says it."""
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    """Context keys the plan may read."""
    plan: dict[str, JsonValue] | None = None
    """A `plan/1` document to run as it is."""


async def read_body(request: Request, model: type[Body]) -> Body:
    """Return the request's JSON body as a model.

    Raises:
        WrongMediaType: `request.media_type`.
        InvalidInput: `json.*`, `request.invalid`.
    """
    given = request.headers.get("content-type", "")
    media = given.partition(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        raise WrongMediaType(
            "request.media_type",
            f"a body of type {given[:80]!r}, application/json is read",
            hint="Send 'Content-Type: application/json'.",
        )
    document = parse_json(await request.body())
    try:
        return model.model_validate(document)
    except ValidationError as exc:
        raise invalid_request(exc.errors(include_url=False, include_context=False)) from exc


def checked_objective(text: str) -> str:
    """Return an objective that says something and fits.

    Raises:
        InvalidInput: `plan.empty_objective`, `plan.objective_too_long`.
    """
    if not text.strip():
        raise InvalidInput(
            "plan.empty_objective", "the objective is empty", where="/objective", hint="Say what is wanted."
        )
    if len(text) > MAX_OBJECTIVE:
        raise InvalidInput(
            "plan.objective_too_long",
            f"an objective of {len(text)} characters, at most {MAX_OBJECTIVE} are read",
            where="/objective",
            hint="Pass long texts as inputs.",
        )
    return text


def body_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the `openapi_extra` that documents a body read by `read_body`."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
