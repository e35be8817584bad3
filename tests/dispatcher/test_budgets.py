"""Budgets are reserved before an attempt, given back after it, and never overdrawn by what is reserved."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.agent import AgentCall, AgentReply
from contracts.errors import AttemptFailed
from contracts.plan import Budget
from contracts.run import RunState
from dispatcher.purse import NAMES, SHARE, Purse
from egress.meter import charge
from tests.dispatcher.acting import hang

AMOUNT = st.integers(1, 100)


class Spending(RuleBasedStateMachine):
    """A purse against the plainest model of one: what is left, and what each attempt holds."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = {"fuel": 300, "requests": 100}
        self.purse = Purse(Budget(**self.whole))
        self.spent = dict.fromkeys(self.whole, 0)
        self.held: list[dict[str, int]] = []

    def free(self, name: str) -> int:
        return self.whole[name] - self.spent[name] - sum(r.get(name, 0) for r in self.held)

    @rule(own=st.dictionaries(st.sampled_from(NAMES), AMOUNT), uses=st.sets(st.sampled_from(NAMES)))
    def reserve(self, own: dict[str, int], uses: set[str]) -> None:
        reserved = self.purse.reserve(Budget(**own), uses)
        asked = {
            n: own.get(n, min(SHARE[n], max(self.free(n), 1))) for n in self.whole if n in uses | own.keys()
        }
        if any(self.free(name) < amount for name, amount in asked.items()):
            assert reserved is None
            return
        assert reserved == {**own, **asked}
        self.held.append({name: int(amount) for name, amount in reserved.items()})

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        held = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        used = {name: data.draw(st.integers(0, amount)) for name, amount in held.items()}
        self.purse.settle(held, used)
        for name in self.whole:
            self.spent[name] += used.get(name, 0)

    @invariant()
    def what_is_reserved_and_spent_is_never_more_than_there_is(self) -> None:
        assert all(self.free(name) >= 0 for name in self.whole)
        assert self.purse.is_held == any(r.get(n) for r in self.held for n in self.whole)


TestSpending = Spending.TestCase
TestSpending.settings = settings(max_examples=40, stateful_step_count=15)


@given(
    st.dictionaries(
        st.sampled_from([*NAMES, "pages"]), st.none() | st.booleans() | st.integers(-5, 5) | st.text()
    )
)
def test_what_an_agent_says_it_used_never_adds_to_a_purse(usage: dict[str, Any]) -> None:
    purse = Purse(Budget(**dict.fromkeys(NAMES, 5)))
    purse.spend([usage])
    for name in NAMES:
        assert purse.reserve(Budget(**{name: 6}), ()) is None


def test_what_no_budget_names_is_given_as_the_subtask_asks() -> None:
    purse = Purse(None)
    assert not purse.is_bounded
    assert purse.reserve(Budget(fuel=7), ("requests",)) == {"fuel": 7}


async def test_an_attempt_is_told_what_it_may_use(rig: Any, make_step: Any) -> None:
    agent = rig.agents.add("fetch", rig.agents.known["echo"].body, uses=("requests",))
    other = rig.agents.known["echo"]
    plan = [
        make_step("a", agent="fetch"),
        make_step("b", agent="fetch", budget={"requests": 3}),
        make_step("c"),
    ]
    run = await rig.run(*plan, budget={"requests": 100, "fuel": 5})
    assert run.state is RunState.SUCCEEDED
    assert [dict(c.allowance) for c in agent.calls] == [{"requests": 50}, {"requests": 3}]
    assert [dict(c.allowance) for c in other.calls] == [{}]


async def test_what_is_used_up_fails_the_next_and_is_not_tried_for_ever(rig: Any, make_step: Any) -> None:
    async def spends(call: AgentCall) -> AgentReply:
        return AgentReply(1, usage={"fuel": 60})

    agent = rig.agents.add("spends", spends, uses=("fuel",), retries=3)
    steps = [make_step(f"s{i}", *([f"s{i - 1}"] if i else []), agent="spends") for i in range(4)]
    run = await rig.run(*steps, budget={"fuel": 100})
    assert rig.statuses() == {"s0": "success", "s1": "success", "s2": "failure", "s3": "skipped"}
    assert rig.codes()["s2"] == "budget.exhausted"
    assert [dict(c.allowance) for c in agent.calls] == [{"fuel": 100}, {"fuel": 40}]
    assert run.state is RunState.FAILED


async def test_who_finds_nothing_left_waits_for_what_others_hold(rig: Any, make_step: Any) -> None:
    running = most = 0

    async def fetches(call: AgentCall) -> AgentReply:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return AgentReply(1, usage={"requests": 0})

    rig.agents.add("fetch", fetches, uses=("requests",))
    steps = [make_step(f"s{i}", agent="fetch", budget={"requests": 5}) for i in range(6)]
    run = await rig.run(*steps, budget={"requests": 10})
    assert (run.state, most) == (RunState.SUCCEEDED, 2)


@pytest.mark.parametrize("how", ["error", "crash", "timeout", "reply"])
async def test_however_an_attempt_ends_its_reservation_is_given_back_once(
    rig: Any, make_step: Any, how: str
) -> None:
    async def ends(call: AgentCall) -> Any:
        if call.attempt > 1 or call.subtask_id == "b" or how == "reply":
            return AgentReply(1, usage={"requests": 1})
        if how == "error":
            raise AttemptFailed("test.broken", "no", retryable=True, data={"usage": {"requests": 1}})
        if how == "crash":
            raise ZeroDivisionError
        return await hang(call)

    agent = rig.agents.add("ends", ends, uses=("requests",), retries=1)
    first = make_step("a", agent="ends", timeout_s=0.05, budget={"requests": 10})
    after = make_step("b", agent="ends", budget={"requests": 9})
    await rig.run(first, after, budget={"requests": 12})
    assert {c.subtask_id for c in agent.calls} == {"a", "b"}


async def test_what_was_used_before_a_restart_is_used(make_rig: Any, make_step: Any) -> None:
    async def spends(call: AgentCall) -> AgentReply:
        return AgentReply(1, usage={"fuel": 60})

    rig = make_rig()
    rig.agents.add("spends", spends, uses=("fuel",))
    rig.agents.add("hang", hang)
    plan = [
        make_step("a", agent="spends"),
        make_step("b", "a", agent="hang"),
        make_step("c", "b", agent="spends"),
    ]
    run_id = await rig.start(*plan, budget={"fuel": 100})
    await rig.until(lambda: rig.agents.known["hang"].calls and rig.attempts(run_id))
    await rig.die()
    again = make_rig()
    again.agents.add("hang", again.agents.known["echo"].body)
    agent = again.agents.add("spends", spends, uses=("fuel",))
    again.work()
    await again.end_of(run_id)
    assert [dict(c.allowance) for c in agent.calls] == [{"fuel": 40}]


async def test_the_network_use_of_an_attempt_is_counted_and_stopped(rig: Any, make_step: Any) -> None:
    async def fetches(call: AgentCall) -> Any:
        for _ in call.objective:
            charge("requests", 1)
        return AgentReply(1, usage={"requests": 0, "pages": 7})

    rig.agents.add("fetch", fetches, uses=("requests", "bytes"))
    plan = [
        make_step("a", agent="fetch", objective="xxx", budget={"requests": 3}),
        make_step("b", "a", agent="fetch", input_keys=[], objective="xxxx", budget={"requests": 3}),
    ]
    await rig.run(*plan, budget={"requests": 6})
    assert rig.codes() == {"b": "budget.requests"}
    used = [dict(t.metadata.usage) for t in rig.kept(rig.last)]
    assert used == [{"requests": 3, "pages": 7}, {"requests": 4}], (
        "what is counted counts, whatever is claimed"
    )


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_what_an_attempt_used_counts_once_when_it_has_to_be_found_out(
    make_rig: Any, make_step: Any, *, is_cancelled: bool
) -> None:
    rig = make_rig(concurrency=1)

    async def charges(call: AgentCall) -> Any:
        for _ in range(3):
            charge("requests", 1)
        await hang(call)

    async def found(call: AgentCall) -> Any:
        return 1

    rig.agents.add_reconciling("send", charges, found, effect="effectful", uses=("requests",))
    rig.agents.add("other", hang)
    subtask = make_step("a", agent="send", timeout_s=0.05, budget={"requests": 5})
    run_id = await rig.start(subtask, budget={"requests": 9})
    await rig.until(lambda: rig.agents.known["send"].calls)
    if is_cancelled:  # while another has the place that finding out needs
        await rig.start(make_step("b", agent="other"), run={"priority": 100})
        await rig.until(lambda: rig.agents.known["other"].calls)
        await rig.engine.cancel(run_id, "enough")
    await rig.end_of(run_id)
    used = [t.metadata.usage.get("requests") for t in rig.kept(run_id) if t.metadata.subtask_id == "a"]
    assert used[0] == 3


async def test_the_wall_time_of_a_subtask_ends_its_attempt(rig: Any, make_step: Any) -> None:
    rig.agents.add("hang", hang, timeout_s=60)
    await rig.run(make_step("a", agent="hang", budget={"wall_s": 0.02}))
    assert rig.codes() == {"a": "attempt.timeout"}


async def test_cancelling_who_waits_for_a_budget_leaves_nothing_behind(rig: Any, make_step: Any) -> None:
    rig.agents.add("hang", hang, uses=("requests",))
    steps = [make_step(f"s{i}", agent="hang", budget={"requests": 10}) for i in range(2)]
    run_id = await rig.start(*steps, budget={"requests": 10})
    await rig.until(lambda: rig.agents.known["hang"].calls)
    await rig.engine.cancel(run_id, "enough")
    assert (await rig.end_of(run_id)).state is RunState.CANCELLED
    assert len(rig.agents.known["hang"].calls) == 1
