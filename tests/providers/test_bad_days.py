"""Over real sockets, through a proxy that misbehaves: every fault ends in an answer or in its code, and in time.

How long a call takes decides nothing here: what has to end by its deadline has
a short one, everything else a long one.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Final

import pytest

from benchmarks.chaos.figures import Figure
from benchmarks.models.chaos import figures
from benchmarks.models.chaos_cases import HOW, Came, How, Terms, bad_day, circuit
from benchmarks.models.chaos_proxy import FAULTS
from providers.breaker import Trip

LONG: Final = Terms(deadline_s=90, first_piece_s=90, retries=1)
SHORT: Final = Terms(deadline_s=1, first_piece_s=0.4, retries=1)
BEGINS: Final = Terms(deadline_s=8, first_piece_s=8, retries=1)
"""For what must hand on a piece before it hangs, however busy the machine is."""
CODES: Final = {
    "none": "ok",
    "429": "provider.rate_limited",
    "429, wait a second": "provider.rate_limited",
    "429, wait an hour": "provider.rate_limited",
    "429, wait until a date": "provider.rate_limited",
    "500": "provider.http_status",
    "401": "provider.http_status",
    "reset": "provider.unreachable",
    "reset in the stream": "provider.cut_off",
    "hang": "provider.timeout",
    "hang in the stream": "provider.timeout",
    "cut stream": "provider.cut_off",
    "drip": "provider.timeout",
    "pings only": "provider.timeout",
    "garbage": "provider.bad_reply",
    "garbage as events": "provider.bad_reply",
    "truncated json": "provider.bad_reply",
    "truncated event": "provider.cut_off",
    "wrong type": "provider.bad_reply",
    "empty": "provider.bad_reply",
    "100 MB of events": "provider.too_large",
    "100 MB of JSON": "provider.too_large",
    "100 MB in one line": "provider.too_large",
    "100 MB, zipped": "provider.too_large",
}
BEGUN: Final = {
    "reset in the stream",
    "hang in the stream",
    "cut stream",
    "truncated event",
    "100 MB of events",
}
"""After a piece was handed on, so that nobody else may answer a stream."""
GROWS: Final = """
import asyncio
from benchmarks.models.chaos import watched

async def grow():
    held = bytearray(64 * 1024 * 1024)
    held[::4096] = b"x" * len(held[::4096])
    for _ in range(4):  # however late a loop is, a look comes between two of these
        await asyncio.sleep(0.1)
    return len(held) / 1e6

print(*asyncio.run(watched(grow())))
"""
HUGE: Final = {fault for fault in FAULTS if fault.startswith("100 MB")}


def terms_of(fault: str) -> Terms:
    if CODES[fault] != "provider.timeout":
        return LONG
    return BEGINS if fault in BEGUN else SHORT


async def days(how: How, *, spare: Terms | None = None, leave: set[str] | None = None) -> dict[str, Came]:
    await bad_day("none", "complete", terms=LONG)  # what a first call imports is in nobody's deadline
    faults = [fault for fault in FAULTS if fault not in (leave or set())]
    came = await asyncio.gather(*(bad_day(f, how, terms=terms_of(f), spare=spare) for f in faults))
    return {each.fault: each for each in came}


def test_every_fault_has_its_code() -> None:
    assert CODES.keys() == FAULTS.keys()


@pytest.mark.parametrize("how", ["complete", "stream"])
async def test_every_fault_ends_in_its_code(how: How) -> None:
    found = await days(how)
    assert {fault: came.outcome for fault, came in found.items()} == CODES


@pytest.mark.parametrize("how", HOW)
async def test_every_fault_before_the_first_piece_is_answered_by_the_fallback(how: How) -> None:
    found = await days(how, spare=LONG, leave=HUGE - BEGUN)
    begun = BEGUN if how == "stream" else set()
    assert {fault: came.outcome for fault, came in found.items()} == {
        fault: CODES[fault] if fault in begun else "ok" for fault in found
    }


async def test_an_objective_gets_its_plan_whatever_the_endpoint_does() -> None:
    found = await days("plan", leave=HUGE - {"100 MB of JSON"})
    assert {came.outcome for came in found.values()} == {"ok"}


async def test_a_breaker_refuses_at_no_cost_and_closes_when_the_endpoint_is_well() -> None:
    terms = Terms(deadline_s=90, first_piece_s=90, retries=0, trip=Trip(failures=2, window_s=600, open_s=0.5))
    found = await circuit(terms, refused=1)
    assert found.codes == ["provider.http_status"] * 2 + ["provider.breaker_open"]
    assert (found.asked_while_open, found.closed, found.fallback) == (0, True, "ok")


def test_what_grows_while_a_call_lasts_is_seen() -> None:
    # In a process of its own: here, what other tests left may be freed meanwhile.
    done = subprocess.run([sys.executable, "-c", GROWS], capture_output=True, text=True, check=True)
    size_mb, grown_mb = map(float, done.stdout.split())
    assert grown_mb > size_mb / 2


def test_hangs_defects_lateness_and_unanswered_calls_are_counted() -> None:
    came = [
        Came("a", "complete", False, "hangs", 9, 1),
        Came("b", "complete", True, "provider.timeout", 1.5, 1),
        Came("c", "stream", False, "KeyError", 0.1, 1),
        Came("d", "plan", False, "ok", 2.5, 1),
        Came("e", "plan", False, "plan.x", 0.5, 1),
    ]
    found = {f.key: f for f in figures(came, 3.0, at_once=1, about="")}
    names = ("hangs", "untyped", "late", "unanswered", "no_plan")
    assert [found[f"bar2_{name}"].value for name in names] == [1, 1, 1, 1, 1]
    assert isinstance(found["bar2_hangs"], Figure)
