from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import AttemptFailed
from egress.meter import Meter, charge, set_meter

AMOUNTS = st.lists(st.integers(0, 1000), max_size=20)


@given(AMOUNTS, st.integers(0, 5000))
def test_a_meter_refuses_exactly_what_goes_past_its_allowance(amounts: list[int], allowed: int) -> None:
    meter, sum_so_far = Meter({"bytes": allowed}), 0
    for amount in amounts:
        sum_so_far += amount
        if sum_so_far <= allowed:
            meter.charge("bytes", amount)
            continue
        with pytest.raises(AttemptFailed) as refused:
            meter.charge("bytes", amount)
        assert refused.value.code == "budget.bytes"
    assert meter.used() == {"bytes": sum_so_far}


def test_an_allowance_of_nothing_refuses_the_first() -> None:
    meter = Meter({"requests": 0})
    with pytest.raises(AttemptFailed) as refused:
        meter.charge("requests", 1)
    assert refused.value.code == "budget.requests"
    assert refused.value.message == "1 requests asked for, 0 are left to this attempt"
    assert not refused.value.retryable, "the same call would be refused again"


def test_what_no_allowance_names_is_neither_bounded_nor_told() -> None:
    meter = Meter({"requests": 2, "fuel": 5})
    meter.charge("bytes", 10**12)
    meter.charge("requests", 2)
    assert meter.used() == {"requests": 2}


def test_where_nobody_is_metered_nothing_is_refused() -> None:
    charge("requests", 10**9)


async def test_a_meter_counts_its_own_task_and_what_that_task_starts() -> None:
    mine, others = Meter({"bytes": 10_000}), Meter({"bytes": 10_000})

    async def attempt(amount: int) -> None:
        charge("bytes", amount)
        await asyncio.gather(*(asyncio.create_task(inner(amount)) for _ in range(3)))
        await asyncio.to_thread(charge, "bytes", amount)

    async def inner(amount: int) -> None:
        charge("bytes", amount)

    def began(meter: Meter, amount: int) -> asyncio.Task[None]:
        context = copy_context()
        context.run(set_meter, meter)
        return asyncio.get_running_loop().create_task(attempt(amount), context=context)

    await asyncio.gather(began(mine, 1), began(others, 100))
    assert (mine.used(), others.used()) == ({"bytes": 5}, {"bytes": 500})
    charge("bytes", 10**6)
    assert mine.used() == {"bytes": 5}, "whoever started the attempt is not metered by it"


def test_threads_that_charge_at_once_lose_nothing() -> None:
    meter = Meter({"bytes": 10**9})

    def charge_often() -> None:
        for _ in range(500):
            meter.charge("bytes", 1)

    with ThreadPoolExecutor(8) as threads:
        for _ in range(8):
            threads.submit(charge_often)
    assert meter.used() == {"bytes": 4000}
