"""Request bodies: read strictly, checked, and documented in OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError
from starlette.requests import Request

from contracts.jsonvalue import parse_json
from contracts.run import Approval
from service.orders import YEAR_S
from service.problems import invalid_request
from service.refusals import WrongMediaType

Body = TypeVar("Body", bound=BaseModel)
SubtaskId = Annotated[str, StringConstraints(min_length=1, max_length=63)]
Json = Any
"""What arrives was read by `parse_json`: it need not be walked a second time."""


class PlanRequest(BaseModel):
    """An objective to plan."""

    model_config = ConfigDict(extra="forbid")

    objective: str
    """What is wanted, in words."""
    inputs: dict[str, Json] = Field(default_factory=dict)
    """Context keys the plan may read."""


class ObjectiveRequest(BaseModel):
    """An objective to run, planned here or with a plan of one's own."""

    model_config = ConfigDict(extra="forbid")

    objective: str | None = None
    """What is wanted, in words; may be left out where `plan` says it."""
    inputs: dict[str, Json] = Field(default_factory=dict)
    """Context keys the plan may read."""
    plan: dict[str, Json] | None = None
    """A `plan/1` document to run as it is."""
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    """Each point is worth a minute of waiting."""
    approval: Approval = "auto"
    """`effects`: a person approves each effectful subtask; `plan`: also the whole plan, before it runs."""
    deadline_s: Annotated[float, Field(gt=0, le=YEAR_S)] | None = None
    """Seconds from being taken in, after which the run fails; the operator's limit when absent."""


class SettledEffect(BaseModel):
    """What became of an effect of which nobody knows whether it happened."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["done", "not_done"]
    """`done`: it happened and is not done again; `not_done`: it did not, and is tried again."""
    output: Json = None
    """What the subtask gave, where it is done."""


class RetryRequest(BaseModel):
    """A run to try again."""

    model_config = ConfigDict(extra="forbid")

    settled: Annotated[dict[SubtaskId, SettledEffect], Field(max_length=10_000)] = Field(default_factory=dict)
    """Subtask -> what became of it."""


class DecisionRequest(BaseModel):
    """What is decided on."""

    model_config = ConfigDict(extra="forbid")

    plan_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    """The plan that was looked at; `If-Match` may name it instead."""
    subtask: Annotated[str, StringConstraints(max_length=63)] | None = None
    """This subtask alone, or with an empty name the plan alone; everything that waits when absent."""


class SignalRequest(BaseModel):
    """What a run is told."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=63)]
    payload: Json = None
    signal_id: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")] | None = None
    """A second signal of the same id changes nothing; the `Idempotency-Key` when absent."""


async def read_body(request: Request, model: type[Body]) -> Body:
    """Return the request's JSON body as a model.

    Raises:
        WrongMediaType: `request.media_type`.
        InvalidInput: `json.*`, `request.invalid`.
    """
    return as_model(await read_json(request), model)


async def read_optional_body(request: Request, model: type[Body]) -> Body:
    """Return the request's JSON body as a model; nothing at all stands for an empty object.

    Raises:
        WrongMediaType: `request.media_type`.
        InvalidInput: `json.*`, `request.invalid`.
    """
    return as_model(await read_json(request) if await request.body() else {}, model)


async def read_json(request: Request) -> JsonValue:
    """Return the request's JSON body.

    Raises:
        WrongMediaType: `request.media_type`.
        InvalidInput: `json.*`.
    """
    given = request.headers.get("content-type", "")
    media = given.partition(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        raise WrongMediaType(
            "request.media_type",
            f"a body of type {given[:80]!r}, application/json is read",
            hint="Send 'Content-Type: application/json'.",
        )
    return parse_json(await request.body())


def as_model(document: JsonValue, model: type[Body]) -> Body:
    """Return a JSON document as a model.

    Raises:
        InvalidInput: `request.invalid`.
    """
    try:
        return model.model_validate(document)
    except ValidationError as exc:
        raise invalid_request(exc.errors(include_url=False, include_context=False)) from exc


def body_schema(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """Return the `openapi_extra` that documents a body read by `read_body`."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, inner in schema.pop("$defs", {}).items():
        schema = _inlined(schema, name, inner)
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def _inlined(schema: Any, name: str, inner: Any) -> Any:
    if isinstance(schema, list):
        return [_inlined(item, name, inner) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("$ref") == f"#/components/schemas/{name}":
        return inner
    return {key: _inlined(value, name, inner) for key, value in schema.items()}
