"""The language models: the one that is asked unless another is named, and further ones by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from service.settings_fields import Group, Names

DEFAULT: Final = "default"
"""What everybody calls the model of `[model]`."""
Kind = Literal["openai", "ollama", "anthropic", "planner", "embedded"]
ADDRESSED: Final = frozenset({"openai", "planner"})
"""Kinds that are nowhere without a URL."""
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Usd = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class ModelSettings(Group):
    """One language model, and how it is asked."""

    kind: Kind = "openai"
    """What its endpoint speaks; `embedded` runs here."""
    url: Annotated[str, Field(max_length=2000)] | None = None
    """Of the endpoint; up to and with `/v1` for `openai`."""
    name: Annotated[str, Field(max_length=200)] | None = None
    api_key: SecretStr | None = None
    fallback: Literal["rules", "fail"] = "rules"
    """When its replies cannot be used for a plan."""
    timeout_s: Seconds = 120.0
    """For one call, tries again included; for a plan's two questions together."""
    first_piece_timeout_s: Seconds = 60.0
    """For one try to say anything."""
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    max_tokens: Annotated[int, Field(gt=0, le=1_000_000)] | None = None
    """The most one reply may have, whoever asks."""
    num_ctx: Annotated[int, Field(ge=256, le=10_000_000)] | None = None
    """Tokens of context, where the endpoint lets us say."""
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    """For callers who name none."""
    usd_per_mtok_in: Usd | None = None
    """What a million tokens of the prompt cost; together with `usd_per_mtok_out`."""
    usd_per_mtok_out: Usd | None = None
    usd_per_mtok_cached: Usd | None = None
    """... of those the endpoint had read before; as any other when absent."""
    plans: Literal["auto", "full", "sketch"] = "auto"
    """Whether it writes whole plans, or sketches that are filled in here."""
    planning: Literal["auto", "model", "rules", "both"] = "auto"
    """Who plans where it is set."""
    threads: Annotated[int, Field(ge=1, le=256)] | None = None
    """Of an embedded model."""
    then: Annotated[Names, Field(max_length=16)] = ()
    """Other models, by name, asked in this order when this one does not answer."""

    @property
    def is_set(self) -> bool:
        """Say whether these settings name a model at all."""
        return self.url is not None or self.kind not in ADDRESSED

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if not self.is_set and (self.name or self.kind != "openai"):
            raise ValueError(f"it has no url, and a model of kind {self.kind!r} is nowhere without one")
        return self

    @model_validator(mode="after")
    def _prices_together(self) -> Self:
        if (self.usd_per_mtok_in is None) != (self.usd_per_mtok_out is None):
            raise ValueError("usd_per_mtok_in and usd_per_mtok_out are set together")
        if self.usd_per_mtok_cached is not None and self.usd_per_mtok_in is None:
            raise ValueError("usd_per_mtok_cached is set with usd_per_mtok_in and usd_per_mtok_out")
        return self


def _named(models: Mapping[str, ModelSettings]) -> dict[str, ModelSettings]:
    for name, model in models.items():
        if name == DEFAULT:
            raise ValueError(f"{DEFAULT!r} is the model of [model]")
        if not model.is_set:
            raise ValueError(
                f"{name!r} has no url, and a model of kind {model.kind!r} is nowhere without one"
            )
    return dict(models)


NamedModels = Annotated[dict[ModelName, ModelSettings], Field(max_length=64), AfterValidator(_named)]


def check_chains(default: ModelSettings, named: Mapping[str, ModelSettings]) -> None:
    """Hold every `then` against the models there are.

    Raises:
        ValueError: It names a model that is none, or itself, or one twice.
    """
    for name, model in {DEFAULT: default, **named}.items():
        every = {DEFAULT: default, **named}
        known = {each for each, found in every.items() if found.is_set and found.kind != "planner"}
        if model.kind == "planner" and model.then:
            raise ValueError(f"{_group(name)}.then: nobody can be asked what a planner's service is asked")
        wrong = next((n for i, n in enumerate(model.then) if n not in known - {name, *model.then[:i]}), None)
        if wrong is not None:
            others = ", ".join(sorted(known - {name})) or "none"
            raise ValueError(f"{_group(name)}.then names {wrong[:64]!r}; the other models are: {others}")


def _group(name: str) -> str:
    return "model" if name == DEFAULT else f"models.{name}"
