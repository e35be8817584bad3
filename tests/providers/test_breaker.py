"""An endpoint that fails in a row is left alone, and asked again by one call at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import pytest

from contracts.errors import AttemptFailed, CallsheetError, Unavailable
from providers.breaker import Breaker, BreakerState, Guarded, Trip
from tests.providers.scripted_model import (
    ASK,
    FOR_EVER,
    Act,
    ScriptedModel,
    broken_off,
    garbage,
    reset,
    status,
)
from tests.providers.virtual_time import LoopClock, run

TRIP = Trip(failures=3, window_s=60, open_s=15)
T = TypeVar("T")


class Circuit:
    """A scripted model behind a breaker, and the codes that calls to it came to."""

    def __init__(self, *scripts: Sequence[Act]) -> None:
        self.model = ScriptedModel(*scripts)
        self.breaker = Breaker(LoopClock(), TRIP)
        self.guarded = Guarded(self.model, self.breaker)

    async def call(self, *, how: str = "complete") -> str:
        try:
            if how == "complete":
                await self.guarded.complete(ASK, max_tokens=9)
            else:
                async for _ in self.guarded.stream(ASK, max_tokens=9):
                    pass
        except CallsheetError as exc:
            return exc.code
        return "ok"

    async def calls(self, count: int, *, how: str = "complete") -> list[str]:
        return [await self.call(how=how) for _ in range(count)]

    @property
    def state(self) -> str:
        return self.breaker.state().state


def with_circuit(*scripts: Sequence[Act], do: Callable[[Circuit], Awaitable[T]]) -> T:
    async def main() -> T:
        return await do(Circuit(*scripts))

    return run(main())


@pytest.mark.parametrize("how", ["complete", "stream"])
@pytest.mark.parametrize(
    "error",
    [reset(), status(500), status(429), garbage(), broken_off(), Unavailable("provider.timeout", "late")],
)
def test_failures_in_a_row_open_it_and_a_refused_call_costs_nothing(how: str, error: CallsheetError) -> None:
    async def do(circuit: Circuit) -> tuple[list[str], int]:
        return await circuit.calls(5, how=how), len(circuit.model.calls)

    codes, asked = with_circuit([error], do=do)
    assert codes == [error.code] * 3 + ["provider.breaker_open"] * 2
    assert asked == 3


@pytest.mark.parametrize(
    "error",
    [
        status(400),
        status(401),
        status(404),
        AttemptFailed("provider.truncated", "length"),
        AttemptFailed("provider.refused", "no"),
    ],
)
def test_what_a_caller_did_wrong_and_what_a_model_declines_never_open_it(error: CallsheetError) -> None:
    async def do(circuit: Circuit) -> tuple[list[str], str]:
        return await circuit.calls(10), circuit.state

    assert with_circuit([error], do=do) == ([error.code] * 10, "closed")


def test_it_says_when_it_asks_again() -> None:
    async def do(circuit: Circuit) -> tuple[BreakerState, Unavailable]:
        await circuit.calls(3)
        await asyncio.sleep(5)
        with pytest.raises(Unavailable) as caught:
            await circuit.guarded.complete(ASK, max_tokens=9)
        return circuit.breaker.state(), caught.value

    found, error = with_circuit([reset()], do=do)
    assert found == BreakerState("open", 3, 10.0)
    assert error.data == {"retry_after_s": 10.0, "failures": 3}
    assert "10.0 seconds" in error.message


def test_a_probe_that_is_answered_closes_it() -> None:
    async def do(circuit: Circuit) -> list[str]:
        seen = [circuit.state]
        await circuit.calls(3)
        seen.append(circuit.state)
        await asyncio.sleep(15)
        seen.append(circuit.state)
        seen.append(await circuit.call())
        return [*seen, circuit.state]

    states = with_circuit([reset()], [reset()], [reset()], ["hi"], do=do)
    assert states == ["closed", "open", "half_open", "ok", "closed"]


def test_a_probe_that_fails_opens_it_again_for_as_long() -> None:
    async def do(circuit: Circuit) -> BreakerState:
        await circuit.calls(3)
        await asyncio.sleep(15)
        await circuit.call()
        return circuit.breaker.state()

    found = with_circuit([reset()], do=do)
    assert (found.state, found.retry_after_s) == ("open", 15.0)


def test_while_a_probe_is_under_way_others_are_refused() -> None:
    async def do(circuit: Circuit) -> tuple[str, str]:
        await circuit.calls(3)
        await asyncio.sleep(15)
        probe = asyncio.create_task(circuit.call())
        await asyncio.sleep(1)
        return await circuit.call(), await probe

    found = with_circuit([reset()], [reset()], [reset()], ["a", 10.0, "b"], do=do)
    assert found == ("provider.breaker_open", "ok")


@pytest.mark.parametrize("how", ["complete", "stream"])
def test_a_probe_that_is_given_up_lets_the_next_one_try(how: str) -> None:
    async def do(circuit: Circuit) -> str:
        await circuit.calls(3)
        await asyncio.sleep(15)
        probe = asyncio.create_task(circuit.call(how=how))
        await asyncio.sleep(1)
        probe.cancel()
        await asyncio.wait({probe})
        return await circuit.call()

    assert with_circuit([reset()], [reset()], [reset()], [FOR_EVER], ["hi"], do=do) == "ok"


def test_a_success_between_failures_keeps_it_closed() -> None:
    async def do(circuit: Circuit) -> str:
        await circuit.calls(5)
        return circuit.state

    assert with_circuit([reset()], [reset()], ["hi"], [reset()], [reset()], do=do) == "closed"


def test_failures_longer_apart_than_the_window_keep_it_closed() -> None:
    async def do(circuit: Circuit) -> str:
        for _ in range(6):
            await circuit.call()
            await asyncio.sleep(31)
        return circuit.state

    assert with_circuit([reset()], do=do) == "closed"


def test_a_call_from_before_that_fails_late_does_not_put_the_probe_off() -> None:
    async def do(circuit: Circuit) -> BreakerState:
        late = asyncio.create_task(circuit.call())
        await asyncio.sleep(1)
        await circuit.calls(3)
        await late
        return circuit.breaker.state()

    found = with_circuit([10.0, reset()], [reset()], do=do)
    assert found.state == "open"
    assert found.retry_after_s == pytest.approx(6)


def test_a_defect_is_no_failure_of_the_endpoint_and_holds_no_probe() -> None:
    async def do(circuit: Circuit) -> str:
        await circuit.calls(3)
        await asyncio.sleep(15)
        with pytest.raises(ZeroDivisionError), circuit.breaker.call():
            raise ZeroDivisionError
        return await circuit.call()

    assert with_circuit([reset()], [reset()], [reset()], ["hi"], do=do) == "ok"
