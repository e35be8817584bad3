"""Request bodies: read strictly, checked, and documented in OpenAPI."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from starlette.requests import Request

from contracts.jsonvalue import parse_json
from service.problems import WrongMediaType, invalid_request

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


def body_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the `openapi_extra` that documents a body read by `read_body`."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
