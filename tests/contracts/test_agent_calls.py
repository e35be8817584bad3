"""What an agent is handed and what it hands back: a clock in UTC, a policy that reaches nothing, a wait that says until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from contracts.agent import AgentCall, AgentReply, NotDone, Parked, Reconciling
from contracts.clock import SystemClock, unix_ms
from contracts.policy import Policy

MOMENTS = st.integers(10**14, 3 * 10**16).map(lambda us: datetime.fromtimestamp(us / 1_000_000, UTC))


@settings(max_examples=60)
@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_milliseconds_are_the_same_in_every_zone_and_right_to_a_millisecond(
    moment: datetime, minutes: int
) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert unix_ms(elsewhere) == unix_ms(moment)
    late = moment - datetime.fromtimestamp(unix_ms(moment) / 1000, UTC)
    assert abs(late) <= timedelta(milliseconds=1)


async def test_the_machines_clock_is_aware_in_utc_and_goes_up() -> None:
    clock = SystemClock()
    before, began = clock.now(), clock.monotonic()
    await clock.sleep(0)
    assert before.tzinfo is UTC
    assert clock.now() >= before
    assert clock.monotonic() >= began


class Plain:
    async def run(self, call: AgentCall) -> AgentReply:
        return AgentReply(output=call.attempt)


class Asking(Plain):
    async def reconcile(self, call: AgentCall) -> AgentReply | NotDone:
        return NotDone()

    @override
    async def run(self, call: AgentCall) -> AgentReply:
        raise Parked(until=call.now)


def test_an_agent_can_be_asked_what_became_of_an_effect_if_it_says_how() -> None:
    assert isinstance(Asking(), Reconciling)
    assert not isinstance(Plain(), Reconciling)


def test_a_call_promises_an_agent_a_policy_that_reaches_nothing() -> None:
    call = AgentCall(inputs={}, objective="o", now=datetime(2026, 1, 1, tzinfo=UTC), timeout_s=1)
    assert call.policy == Policy()
    assert (call.home_zone, call.attempt, call.item_index, call.is_due) == ("UTC", 1, None, False)
    assert (call.signals, call.allowance) == ({}, {})


@pytest.mark.parametrize(("signal", "text"), [("go", "go"), (None, "2026-01-01 00:00:00+00:00")])
def test_what_a_parked_agent_waits_for_can_be_read(signal: str | None, text: str) -> None:
    parked = Parked(signal=signal, until=datetime(2026, 1, 1, tzinfo=UTC))
    assert (parked.signal, str(parked)) == (signal, text)


async def test_what_an_agent_raises_to_wait_says_until_when() -> None:
    call = AgentCall(inputs={}, objective="o", now=datetime(2026, 1, 1, tzinfo=UTC), timeout_s=1)
    with pytest.raises(Parked) as caught:
        await Asking().run(call)
    assert caught.value.until == call.now
