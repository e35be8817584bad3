"""The plan, `plan/1`: subtasks, what each needs, and where its result goes.

The JSON form is `contracts/plan.schema.json`, published under `docs/schemas/`. A plan is immutable and named
by its content: `plan_id` is the SHA-256 of the canonical JSON without
`plan_id`, `parent` and `origin`. What was not written is not hashed, so a
plan printed and read again keeps its name.

Inside a `foreach` subtask the foreach's key names the current element, in
`input_keys` and in `bind` alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    model_validator,
)

from contracts.effect import Effect
from contracts.errors import InvalidPlan, Problem
from contracts.jsonvalue import join_pointer
from contracts.structure import plan_problems, read_document

KEY_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
Key = Annotated[str, StringConstraints(pattern=KEY_PATTERN)]
Positive = Annotated[int | float, Field(gt=0)]
UniqueKeys = Annotated[tuple[Key, ...], Field(json_schema_extra={"uniqueItems": True})]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Open(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class Bind(_Model):
    """Where one agent parameter comes from: a context key (and a pointer into it) or a literal."""

    key: Key | None = None
    pointer: str = ""
    """RFC 6901 into the key's value; empty is all of it."""
    literal: JsonValue = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = self.model_fields_set
        if ("key" in given) == ("literal" in given) or ("literal" in given and "pointer" in given):
            raise ValueError("give either key (with an optional pointer) or literal")
        if "key" in given and self.key is None:
            raise ValueError("key must be a string")
        return self


class Foreach(_Model):
    """Run the subtask once for each element of a list in the context."""

    key: Key
    pointer: str = ""
    max_items: Annotated[int, Field(ge=1, le=1000)] = 1000


class When(_Model):
    """A condition on a context value; a subtask whose condition does not hold is skipped."""

    key: Key
    pointer: str = ""
    op: Literal["exists", "empty", "eq", "ne", "lt", "gt"]
    value: JsonValue = None


class Budget(_Model):
    """What may be spent."""

    wall_s: Positive | None = None
    tokens: Annotated[int, Field(ge=0)] | None = None
    usd: Annotated[int | float, Field(ge=0)] | None = None
    fuel: Annotated[int, Field(ge=1)] | None = None
    memory_mb: Annotated[int, Field(ge=1)] | None = None
    requests: Annotated[int, Field(ge=0)] | None = None
    bytes: Annotated[int, Field(ge=0)] | None = None
    """Read from the network."""


class Repair(_Model):
    """A change the planner made to a reply before it became this plan."""

    code: str
    path: str
    before: JsonValue = None
    after: JsonValue = None


class Origin(_Open):
    """Who planned it, from what."""

    planner: Literal["llm", "template", "rules", "cache", "human"]
    model: str | None = None
    catalogue_sha256: str | None = None
    prompt_sha256: str | None = None
    repairs: tuple[Repair, ...] = ()
    llm_rounds: Annotated[int, Field(ge=0, le=2)] = 0


class Estimate(_Open):
    """What the planner expects a run to cost."""

    critical_path_s: int | float | None = None
    sequential_s: int | float | None = None
    tokens: int | None = None
    usd: int | float | None = None
    risk: Annotated[int | float, Field(ge=0, le=100)] | None = None
    risk_reasons: tuple[str, ...] = ()


class Subtask(_Model):
    """One agent's piece of the objective."""

    id: Key
    objective: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    required_agent: str
    """`scrape`, `vision`, `time`, `data` or `wasm:NAME`."""
    dependencies: UniqueKeys
    input_keys: UniqueKeys
    """Context keys it may read; one that no `bind` reads arrives under its own name."""
    bind: dict[str, Bind] = {}
    """Agent parameter -> its source."""
    output_key: Key
    output_schema: dict[str, Any] | None = None
    foreach: Foreach | None = None
    when: When | None = None
    on_failure: Literal["fail", "skip", "fallback", "replan"] = "skip"
    fallback_agent: str | None = None
    retries: Annotated[int, Field(ge=0, le=5)] | None = None
    """More attempts after the first; the agent card's when absent."""
    timeout_s: Positive | None = None
    """For one attempt; the agent card's when absent."""
    approval: Literal["never", "auto", "always"] = "auto"
    budget: Budget | None = None
    effect: Effect | None = None
    """Never weaker than the agent card's."""


class Plan(_Model):
    """An objective, broken into subtasks."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    version: Literal["plan/1"] = Field(alias="schema")
    plan_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    parent: str | None = None
    objective: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    inputs: dict[Key, JsonValue] = {}
    """Context keys the caller gives."""
    origin: Origin
    subtasks: Annotated[tuple[Subtask, ...], Field(min_length=1, max_length=10_000)]
    result_key: str | None = None
    budget: Budget | None = None
    estimate: Estimate | None = None

    def as_json(self) -> dict[str, JsonValue]:
        """Return the plan as it was written: fields that nobody set stay out."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


def load_plan(text: bytes | str | Mapping[str, JsonValue]) -> Plan:
    """Read a plan a person or a program wrote; `schema`, `origin` and `plan_id` may be left out.

    Raises:
        InvalidPlan: With every problem found.
        InvalidInput: The text is no JSON (`json.*`).
    """
    document, is_ours = read_document(text)
    problems = plan_problems(document, is_ours=is_ours)
    if problems:
        raise InvalidPlan(problems)
    return plan_of(document)


def plan_of(document: Mapping[str, JsonValue]) -> Plan:
    """Return the plan of a document in which no check found a problem."""
    try:
        return Plan.model_validate(document)
    except (
        ValidationError
    ) as exc:  # the schema is the door; what passes it and not the model is a defect of ours
        raise InvalidPlan(
            [
                Problem("plan.shape", join_pointer(*e["loc"]), e["msg"])
                for e in exc.errors(include_url=False)[:100]
            ]
        ) from exc
