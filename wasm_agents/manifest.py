"""The manifest `agent.toml`: what a guest is, what it takes and gives, what it asks for.

This is the typed reading, for whoever makes an agent or looks into one. Cards
are read without pydantic, against the schema that this model publishes
(`wasm_agents/agent-manifest.schema.json`); both refuse the same manifests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, JsonValue, ValidationError, model_validator

from contracts.effect import Effect
from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json, join_pointer
from wasm_agents.manifest_capabilities import Capabilities, Limits, Name, Strict
from wasm_agents.manifest_checks import effect_of, problems_across

_PART: Final = "(?:0|[1-9][0-9]*)"
_WORDS: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
SEMVER: Final = rf"^{_PART}\.{_PART}\.{_PART}(?:-{_WORDS})?(?:\+{_WORDS})?$"
MAX_TEXT: Final = 300


class Example(Strict):
    """An objective that calls for the agent."""

    objective: Annotated[str, Field(min_length=1, max_length=4000)]
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    """What the agent would be given for it."""


class Manifest(Strict):
    """An agent's `agent.toml`."""

    name: Name
    """Without `wasm:`."""
    version: Annotated[str, Field(pattern=SEMVER, max_length=120)]
    """Semantic, `1.2.3` or `1.2.3-rc.1`."""
    abi: Literal["agent/1", "component"]
    """`agent/1`: a core module that exports `execute`. `component`: one of the WIT world `agent`."""
    module: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,63}\.wasm$")]
    """The file beside the manifest."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Of the module's bytes."""
    description: Annotated[str, Field(min_length=1, max_length=2000)]
    """What it does, for whoever plans; how it differs from the native agents."""
    takes: dict[str, JsonValue]
    """JSON Schema of the inputs."""
    gives: dict[str, JsonValue]
    """JSON Schema of the output."""
    words: Annotated[tuple[Annotated[str, Field(max_length=80)], ...], Field(max_length=200)] = ()
    """Lower-case words in an objective that call for this agent."""
    examples: Annotated[tuple[Example, ...], Field(max_length=50)] = ()
    effect: Effect = Effect.PURE
    """What running it twice does; raised where its capabilities mean more."""
    uses: Annotated[
        tuple[Literal["fuel", "requests", "bytes", "tokens", "usd"], ...], Field(max_length=5)
    ] = ()
    """What of a run's budgets an attempt draws on."""
    timeout_s: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 60.0
    """For one attempt, unless the plan says otherwise."""
    retries: Annotated[int, Field(ge=0, le=5)] = 0
    """Attempts after the first for retryable failures, unless the plan says otherwise."""
    capabilities: Capabilities = Capabilities()
    limits: Limits = Limits()
    instance: Literal["fresh", "pooled", "session"] = "fresh"
    """`fresh`: a new instance for each call. `pooled`: one may serve later calls too. `session`: one for a run."""
    isolation: Literal["thread", "process"] = "thread"
    """`process` is kept for later, and refused."""
    signature: Annotated[str, Field(max_length=1024)] = ""
    """Kept for later, and refused."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        found = next(problems_across(self.model_dump(mode="json", exclude_unset=True)), None)
        if found is not None:
            raise ValueError(f"{found[0]}: {found[1]}")
        return self

    @classmethod
    def read(cls, document: Mapping[str, Any], *, where: str = "agent.toml") -> Self:
        """Return the manifest a document spells.

        Args:
            document: As TOML or JSON gave it.
            where: The file it came from, for the error.

        Raises:
            InvalidInput: `load.manifest`, with every problem's pointer.
        """
        try:
            return cls.model_validate_json(canonical_json(dict(document)))
        except ValidationError as exc:
            found = exc.errors(include_url=False, include_context=False, include_input=False)
            problems = [(join_pointer(*e["loc"]), e["msg"][:MAX_TEXT]) for e in found[:20]]
            raise InvalidInput(
                "load.manifest",
                f"{where}: {problems[0][0] or '/'}: {problems[0][1]}",
                where=f"{where}#{problems[0][0]}",
                data={"problems": [{"pointer": at, "message": text} for at, text in problems]},
            ) from exc

    @property
    def real_effect(self) -> Effect:
        """What its agent's effect is, with what its capabilities mean."""
        return effect_of(self.model_dump(mode="json", exclude_unset=True))


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema of `agent.toml`; some of what a manifest must be no schema can say."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "agent-manifest/1",
        **Manifest.model_json_schema(mode="validation"),
    }
