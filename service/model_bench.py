"""Measure configured models: each opened as a setting asks, without what would hide how it answers."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from contracts.clock import Clock
from contracts.errors import CallsheetError, InvalidInput, NotFound
from egress.fetch import Egress
from eval.models.calls import Ask, Call, Setting
from eval.models.running import Measured, Sweep, run_sweep
from providers.chat import StreamingProvider
from providers.embedded.shelf import known_models
from service.models import Models
from service.settings import Settings
from service.settings_embedded import EmbeddedSettings
from service.settings_models import DEFAULT, ModelSettings

TAKES_CONTEXT: Final = frozenset({"embedded", "ollama"})
"""Kinds whose context the caller may set."""
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why measuring ended, when it did not come to its end."""

    was_stopped: bool = False
    error: CallsheetError | None = None

    @property
    def is_complete(self) -> bool:
        """Say whether everything asked for was measured."""
        return not self.was_stopped and self.error is None


def models_to_measure(names: Sequence[str], settings: Settings) -> dict[str, ModelSettings]:
    """Return what is set for the models named, the default one's when none is.

    A name that no setting has may be that of an embedded model.

    Raises:
        NotFound: `model.unknown`.
    """
    configured = {name: found for name, found in settings.named_models().items() if found.is_set}
    wanted = names or ([DEFAULT] if DEFAULT in configured else [])
    if not wanted:
        raise NotFound(
            "model.unknown",
            "no model is set, and none is named",
            hint="callsheet models bench NAME; callsheet models list",
        )
    return {name: _settings_of(name, configured, settings) for name in wanted}


def _settings_of(name: str, configured: Mapping[str, ModelSettings], settings: Settings) -> ModelSettings:
    if name in configured:
        return configured[name]
    if name in known_models() or name in settings.embedded.models().names():
        return ModelSettings(kind="embedded", name=name)
    known = ", ".join(sorted({*configured, *known_models()}))
    raise NotFound("model.unknown", f"no model is called {name[:64]!r}", hint=f"There are: {known}.")


def check_sweep(sweep: Sweep, models: Mapping[str, ModelSettings]) -> None:
    """Hold a sweep against what can be said to each kind of model.

    Raises:
        InvalidInput: `eval.unsupported_sweep`.
    """
    for name, model in models.items():
        if model.kind == "planner":
            raise _unsupported(name, model, "asked questions: it plans and does nothing else", "its name")
        if any(sweep.num_ctx) and model.kind not in TAKES_CONTEXT:
            raise _unsupported(name, model, "given a context from here", "--num-ctx")
        if any(sweep.threads) and model.kind != "embedded":
            raise _unsupported(name, model, "given threads from here", "--threads")


def _unsupported(name: str, model: ModelSettings, what: str, option: str) -> InvalidInput:
    return InvalidInput(
        "eval.unsupported_sweep",
        f"the model {name!r} is of kind {model.kind!r} and cannot be {what}",
        hint=f"Leave out {option}, or set it where the model runs.",
    )


async def measure_models(
    sweep: Sweep,
    ask: Ask,
    *,
    models: Mapping[str, ModelSettings],
    embedded: EmbeddedSettings,
    clock: Clock,
    into: Measured,
    tell: Callable[[Call], None],
) -> Outcome:
    """Measure until the end, a signal, or a model that cannot be opened; what was measured stays in `into`."""
    async with Egress(clock) as door:

        @asynccontextmanager
        async def opens(setting: Setting) -> AsyncIterator[StreamingProvider]:
            own = _as_asked(models[setting.model], setting)
            rng = random.Random(0)  # noqa: S311  # for the waits between tries, of which there are none
            opened = Models({DEFAULT: own}, door, clock=clock, rng=rng, embedded=embedded)
            async with aclosing(opened):
                provider = opened.get()
                assert provider is not None
                yield provider

        measuring = asyncio.create_task(run_sweep(sweep, ask, opens=opens, clock=clock, into=into, tell=tell))
        with _ended_by_signals(measuring):
            try:
                await measuring
            except asyncio.CancelledError:
                return Outcome(was_stopped=True)
            except CallsheetError as exc:
                return Outcome(error=exc)
    return Outcome()


def _as_asked(model: ModelSettings, setting: Setting) -> ModelSettings:
    """Return a model's settings for one setting: one try, and nobody in its stead."""
    said = {"num_ctx": setting.num_ctx, "threads": setting.threads}
    changed = {name: value for name, value in said.items() if value is not None}
    return model.model_copy(update={"retries": 0, "then": (), **changed})


@contextmanager
def _ended_by_signals(task: asyncio.Task[None]) -> Iterator[None]:
    """Cancel a task when the process is told to end."""
    loop = asyncio.get_running_loop()
    for ending in _ENDING:
        with suppress(NotImplementedError, RuntimeError):  # not in the main thread
            loop.add_signal_handler(ending, task.cancel)
    try:
        yield
    finally:
        for ending in _ENDING:
            with suppress(NotImplementedError, RuntimeError):
                loop.remove_signal_handler(ending)
