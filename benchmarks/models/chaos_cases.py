"""One bad day: a model behind the proxy, asked in one way, with another to answer in its stead or without."""

from __future__ import annotations

import asyncio
import random
import resource
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from benchmarks.models.chaos_proxy import ChaosProxy, proxied
from benchmarks.models.chaos_server import Scripted, listening
from contracts.clock import Clock, SystemClock
from contracts.errors import CallsheetError
from contracts.jsonvalue import canonical_json
from contracts.plan import load_plan
from egress.fetch_door import FetchDoor
from planner.planner import ObjectivePlanner
from planner.rules.plan import plan_by_rules
from providers.breaker import Trip
from providers.chat import Message, StreamingProvider
from service.cards import cards_at_hand
from service.models import Models
from service.settings_models import ModelSettings

How = Literal["complete", "stream", "plan"]
HOW: Final[tuple[How, ...]] = ("complete", "stream", "plan")
OBJECTIVE: Final = "echo 'hello' with the wasm echo module"
ASK: Final = (Message("user", "Count to twenty."),)
GRACE_S: Final = 1.0
"""How long after its deadline a call may end."""
HANG_S: Final = 5.0
"""... and after how long it is given up as hanging."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What every call of an experiment is held to."""

    deadline_s: float = 4.0
    first_piece_s: float = 1.2
    retries: int = 2
    trip: Trip = Trip(failures=5, window_s=600, open_s=1.0)  # noqa: RUF009  # frozen

    def model(self, port: int, *, key: str | None = None, then: tuple[str, ...] = ()) -> ModelSettings:
        """Return the settings of a model at a port."""
        return ModelSettings.model_validate(
            {
                "url": f"http://127.0.0.1:{port}/v1",
                "name": "chaos",
                "api_key": key,
                "timeout_s": self.deadline_s,
                "first_piece_timeout_s": self.first_piece_s,
                "retries": self.retries,
                "then": then,
            }
        )


@dataclass(frozen=True, slots=True)
class Came:
    """What a call came to."""

    fault: str
    how: How
    with_fallback: bool
    outcome: str
    """`ok`, a code, `hangs`, or the name of an error of nobody's."""
    seconds: float
    deadline_s: float
    pieces: int = 0

    @property
    def is_typed(self) -> bool:
        """Say whether it came to an answer or an error with a code."""
        return self.outcome in {"ok", "hangs"} or "." in self.outcome

    @property
    def is_late(self) -> bool:
        """Say whether it ended, and too late."""
        return self.outcome != "hangs" and self.seconds > self.deadline_s + GRACE_S


@asynccontextmanager
async def upstream(how: How) -> AsyncIterator[int]:
    """Give the port of a scripted endpoint that answers as it is asked."""
    async with listening(Scripted(plan_text() if how == "plan" else "one two three four five")) as port:
        yield port


def plan_text() -> str:
    """Return what a good model answers to the objective."""
    plan = plan_by_rules(OBJECTIVE, inputs={}, cards=cards_at_hand())
    return canonical_json({name: plan[name] for name in ("subtasks", "result_key")})


@asynccontextmanager
async def models_behind(
    port: int, terms: Terms, *, spare: ModelSettings | None = None, key: str | None = None
) -> AsyncIterator[Models]:
    """Give models whose default is at a port, and one to answer in its stead where a spare is given."""
    settings = {"default": terms.model(port, key=key, then=() if spare is None else ("spare",))}
    if spare is not None:
        settings["spare"] = spare
    clock = SystemClock()
    models = Models(settings, FetchDoor(clock), clock=clock, rng=random.Random(6), trip=terms.trip)
    try:
        yield models
    finally:
        await models.aclose()


async def bad_day(
    fault: str,
    how: How,
    *,
    terms: Terms,
    spare: Terms | None = None,
    real: int | None = None,
    key: str | None = None,
) -> Came:
    """Return what one call comes to on a day when its endpoint does nothing but this.

    Args:
        fault: What it does.
        how: How it is asked.
        terms: What the call is held to.
        spare: What a sound model is held to that may answer instead; None: there is none.
        real: The port of a real server to stand behind the proxy.
        key: Its key.
    """
    async with AsyncExitStack() as stack:
        sound = await stack.enter_async_context(upstream(how)) if real is None else real
        _, port = await stack.enter_async_context(proxied(sound, fault))
        instead = None
        if spare is not None:
            instead = spare.model(await stack.enter_async_context(upstream(how)))
        models = await stack.enter_async_context(models_behind(port, terms, spare=instead, key=key))
        model = models.get()
        assert model is not None
        allowed_s = terms.deadline_s + (0 if spare is None else spare.deadline_s)
        return await timed(model, fault, how, deadline_s=allowed_s, with_fallback=spare is not None)


async def timed(
    model: StreamingProvider, fault: str, how: How, *, deadline_s: float, with_fallback: bool = False
) -> Came:
    """Return what a call comes to, given up when it hangs."""
    clock: Clock = SystemClock()
    began, pieces = clock.monotonic(), 0
    try:
        async with asyncio.timeout(deadline_s + HANG_S):
            pieces = await _asked(model, how)
        outcome = "ok"
    except CallsheetError as exc:
        outcome = exc.code
    except TimeoutError:
        outcome = "hangs"
    except Exception as exc:  # noqa: BLE001  # what is nobody's is what is looked for
        outcome = type(exc).__name__
    return Came(fault, how, with_fallback, outcome, clock.monotonic() - began, deadline_s, pieces)


async def _asked(model: StreamingProvider, how: How) -> int:
    if how == "complete":
        await model.complete(ASK, max_tokens=200)
        return 0
    if how == "stream":
        return len([piece async for piece in model.stream(ASK, max_tokens=200)])
    planner = ObjectivePlanner(model, fallback="rules")
    load_plan(await planner.document(OBJECTIVE, inputs={}, cards=cards_at_hand()))
    return 0


@dataclass(slots=True)
class Circuit:
    """What a breaker did while its endpoint was bad, and after."""

    codes: list[str]
    refused_ms: float
    """The longest call that was refused."""
    asked_while_open: int
    """Requests that reached the endpoint from refused calls."""
    closed: bool
    fallback: str
    """What a call with a fallback came to while it was open."""


async def circuit(terms: Terms, fault: str = "500", *, refused: int = 20) -> Circuit:
    """Return what the breaker of an endpoint does that fails, is left alone, and is well again."""
    async with AsyncExitStack() as stack:
        sound = await stack.enter_async_context(upstream("complete"))
        proxy, port = await stack.enter_async_context(proxied(sound, fault))
        models = await stack.enter_async_context(models_behind(port, terms, spare=terms.model(sound)))
        alone = await stack.enter_async_context(models_behind(port, terms))
        model, chained = alone.get(), models.get()
        assert model is not None
        assert chained is not None

        async def call(asked: StreamingProvider) -> Came:
            return await timed(asked, fault, "complete", deadline_s=terms.deadline_s)

        codes = [(await call(model)).outcome for _ in range(terms.trip.failures)]
        before = proxy.asked
        turned_away = [await call(model) for _ in range(refused)]
        reached = proxy.asked - before
        fallbacks = [await call(chained) for _ in range(terms.trip.failures + 1)]
        proxy.fault = "none"
        is_closed = await _closes(alone, model, proxy, terms)
        return Circuit(
            codes + [came.outcome for came in turned_away],
            max(came.seconds for came in turned_away) * 1000,
            reached,
            is_closed,
            fallbacks[-1].outcome,
        )


async def _closes(models: Models, model: StreamingProvider, proxy: ChaosProxy, terms: Terms) -> bool:
    for _ in range(200):
        if models.status().breaker.state == "half_open":
            break
        await asyncio.sleep(terms.trip.open_s / 20)
    before = proxy.asked
    came = await timed(model, "none", "complete", deadline_s=terms.deadline_s)
    return came.outcome == "ok" and proxy.asked > before and models.status().breaker.state == "closed"


def resident_mb() -> float:
    """Return what this process holds in memory; its most ever where the machine says no more."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 1e6
