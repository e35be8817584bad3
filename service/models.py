"""The models that settings name, made once for a process and handed out by name.

Around each endpoint, from the inside out: what the operator says of every
call, patience, the endpoint's breaker, prices, whoever counts; around each
name, the models that answer in its stead.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from contracts.clock import Clock
from contracts.errors import InvalidInput, NotFound
from egress.fetch_door import OpenEgress
from providers.breaker import Breaker, BreakerState, Guarded, Trip
from providers.chain import Chain, Link, OnPassedOver
from providers.chat import Message, ModelOffer, ReplySource, StreamingProvider
from providers.defaults import Defaulted, Defaults
from providers.form_memory import FormMemory
from providers.forms import Forms
from providers.metered import Metered, Observe
from providers.patience import Patient, Terms
from providers.prices import Priced, Prices
from service.models_adapters import Adapter, Around, Opened, Where, context_of, open_adapter, url_of
from service.models_replies import AskedForPlans
from service.models_slot import Served, Slot
from service.settings_embedded import EmbeddedSettings
from service.settings_models import DEFAULT, Kind, ModelSettings, check_chains


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """How a model is asked, and whether it is."""

    name: str
    kind: Kind
    model: str
    """Its name at the endpoint."""
    url: str | None
    """None for one that runs here."""
    then: tuple[str, ...]
    breaker: BreakerState


class Models:
    """The configured models.

    Args:
        settings: Of each, by name; those that name no model at all are left out.
        door: The way out.
        clock: For deadlines, waits and breakers.
        rng: For the jitter of retries.
        embedded: How embedded models are run.
        where: Where they run.
        forms: The file for what endpoints were found to take; None forgets it with the process.
        trip: When breakers open; five failures in a row within a minute when absent.
        observe: Told of each call of each model, whether it answered or the next had to.
        on_passed_over: Told when a model does not answer and the next is asked.
        opened: Gives the adapter of a model.

    Raises:
        InvalidInput: `provider.bad_url`, `settings.invalid`.
    """

    def __init__(
        self,
        settings: Mapping[str, ModelSettings],
        door: OpenEgress,
        *,
        clock: Clock,
        rng: random.Random,
        embedded: EmbeddedSettings | None = None,
        where: Where = "apart",
        forms: Path | None = None,
        trip: Trip | None = None,
        observe: Observe | None = None,
        on_passed_over: OnPassedOver | None = None,
        opened: Opened = open_adapter,
    ) -> None:
        self._around = Around(door, clock, embedded or EmbeddedSettings(), where)
        self._opened = opened
        self._rng = rng
        self._observe = observe
        self._on_passed_over = on_passed_over
        self._settings = {name: found for name, found in settings.items() if found.is_set}
        _check(self._settings)
        self._forms = FormMemory(clock, forms)
        self._trip = trip
        self._breakers: dict[str, Breaker] = {}
        self._adapters = {name: opened(found, self._around) for name, found in self._settings.items()}
        self._slots = {name: Slot(self._served(name)) for name in self._settings}
        self._made: dict[str, StreamingProvider] = {}

    def names(self) -> tuple[str, ...]:
        """Return the names that `get` knows, the default first; none where no model is set."""
        return tuple(sorted(self._settings, key=lambda name: (name != DEFAULT, name)))

    def get(self, name: str = DEFAULT) -> StreamingProvider | None:
        """Return a model, which stays the right one when settings are swapped; None where there is none of that name."""
        if name not in self._settings:
            return None
        if name not in self._made:
            links = partial(self._links, name)
            self._made[name] = Chain(links, clock=self._around.clock, on_passed_over=self._on_passed_over)
        return self._made[name]

    def settings(self, name: str = DEFAULT) -> ModelSettings:
        """Return what is set for a model.

        Raises:
            NotFound: `model.unknown`.
        """
        found = self._settings.get(name)
        if found is None:
            known = ", ".join(self.names()) or "none"
            raise NotFound("model.unknown", f"no model is called {name[:64]!r}", hint=f"There are: {known}.")
        return found

    def status(self, name: str = DEFAULT) -> ModelStatus:
        """Return how a model stands; raises as `settings`."""
        settings, adapter = self.settings(name), self._adapters[name]
        return ModelStatus(
            name,
            settings.kind,
            adapter.model,
            url_of(settings),
            settings.then,
            self._breaker(adapter).state(),
        )

    def replies(self, name: str = DEFAULT) -> ReplySource | None:
        """Return the model, where it is a planner that wants objectives, not prompts; else None."""
        model = self.get(name)
        return None if model is None or self._settings[name].kind != "planner" else AskedForPlans(model)

    async def offers(self, name: str = DEFAULT) -> tuple[ModelOffer, ...]:
        """Return what a model's endpoint has; nothing where it has no way to say.

        Raises:
            NotFound: `model.unknown`.
            CallsheetError: `provider.*`.
        """
        self.settings(name)
        ask = self._adapters[name].offers
        return () if ask is None else await ask()

    async def warm(self, prefix: Sequence[Message], name: str = DEFAULT) -> None:
        """Have a model that runs here read ahead what calls begin with, or find it again where it was kept.

        Raises:
            CallsheetError: It does not start.
        """
        adapter = self._adapters.get(name)
        if adapter is not None and adapter.warm is not None:
            await adapter.warm(prefix)

    async def swap(self, name: str, settings: ModelSettings) -> None:
        """Let a name be answered as other settings say, from the next call on; calls under way end where they began.

        Raises:
            InvalidInput: `provider.bad_url`, `settings.invalid`.
            NotFound: `model.unknown`.
        """
        self.settings(name)
        _check(self._settings | {name: settings})
        self._adapters[name] = self._opened(settings, self._around)
        self._settings[name] = settings
        await self._slots[name].swap(self._served(name))

    async def aclose(self) -> None:
        """End what the models run: servers of their own."""
        for slot in self._slots.values():
            await slot.aclose()

    def _links(self, name: str) -> list[Link]:
        return [Link(each, self._slots[each]) for each in (name, *self._settings[name].then)]

    def _served(self, name: str) -> Served:
        settings, adapter = self._settings[name], self._adapters[name]
        clock, provider = self._around.clock, adapter.provider
        if adapter.order is not None:
            provider = Forms(
                provider,
                key=f"{adapter.endpoint} {adapter.model}",
                memory=self._forms,
                order=adapter.order,
                offers=adapter.offers,
            )
        said = Defaults(settings.max_tokens, context_of(settings), settings.temperature)
        if said != Defaults():
            provider = Defaulted(provider, said)
        terms = Terms(settings.timeout_s, settings.first_piece_timeout_s, settings.retries)
        patient = Patient(provider, terms, clock=clock, rng=self._rng, ready=adapter.ready)
        guarded = Guarded(patient, self._breaker(adapter))
        priced = _priced(guarded, settings)
        if self._observe is None:
            return Served(priced, adapter.close)
        return Served(Metered(priced, name=name, observe=self._observe, clock=clock), adapter.close)

    def _breaker(self, adapter: Adapter) -> Breaker:
        return self._breakers.setdefault(adapter.endpoint, Breaker(self._around.clock, self._trip))


def _priced(provider: StreamingProvider, settings: ModelSettings) -> StreamingProvider:
    if settings.usd_per_mtok_in is None or settings.usd_per_mtok_out is None:
        return provider
    cached = settings.usd_per_mtok_cached
    return Priced(provider, Prices(settings.usd_per_mtok_in, settings.usd_per_mtok_out, cached))


def _check(settings: Mapping[str, ModelSettings]) -> None:
    named = {name: found for name, found in settings.items() if name != DEFAULT}
    try:
        check_chains(settings.get(DEFAULT, ModelSettings()), named)
    except ValueError as exc:
        raise InvalidInput("settings.invalid", str(exc), hint="Correct it and start again.") from exc
