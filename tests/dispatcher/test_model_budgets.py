"""Tokens and money are budgets like others: reserved, counted from whoever uses them, planning included, never overdrawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.agent import AgentCall, AgentReply
from contracts.errors import AttemptFailed
from contracts.plan import Budget, Plan
from contracts.planning_call import tell
from contracts.replanning import Failed
from contracts.run import RunState
from dispatcher.purse import PARTS, SHARE, Purse
from egress.meter import Meter, check_left, count
from tests.dispatcher.acting import hang
from tests.dispatcher.test_planning_traces import CALL, asking, plan_of
from tests.dispatcher.test_replanning import failing, furnish, mend

MONEY = st.decimals(min_value=0, max_value=3, places=7).map(float)


@given(st.lists(st.tuples(MONEY, MONEY), max_size=30))
def test_fractions_of_a_dollar_leave_no_rest_that_somebody_waits_for(
    steps: list[tuple[float, float]],
) -> None:
    purse = Purse(Budget(usd=10_000))
    held = [purse.reserve(Budget(usd=asked), ()) or {} for asked, _ in steps]
    for reserved, (_, used) in zip(held, steps, strict=True):
        purse.settle(reserved, {"usd": used})
    assert not purse.is_held
    left = (10_000 * PARTS["usd"] - sum(round(used * PARTS["usd"]) for _, used in steps)) / PARTS["usd"]
    assert purse.reserve(Budget(usd=left), ()) == {"usd": left}


def test_a_share_is_what_is_left_where_that_is_less() -> None:
    purse = Purse(Budget(tokens=int(SHARE["tokens"]) + 5, usd=0.75))
    first = purse.reserve(None, ("tokens", "usd"))
    assert first == {"tokens": SHARE["tokens"], "usd": SHARE["usd"]}
    assert purse.reserve(None, ("tokens", "usd")) == {"tokens": 5, "usd": 0.25}
    assert purse.reserve(None, ("tokens",)) is None


def test_what_is_used_up_is_named_whatever_is_set_aside() -> None:
    purse = Purse(Budget(tokens=10))
    purse.reserve(None, ("tokens",))
    assert purse.spent(("usd", "tokens")) == ""
    purse.spend([{"tokens": 10}])
    assert purse.spent(("usd", "tokens")) == "tokens"


@pytest.mark.parametrize(
    ("budget", "usage"), [({"tokens": 100}, {"tokens": 60}), ({"usd": 0.5}, {"usd": 0.3})]
)
async def test_what_agents_say_they_used_ends_in_an_exhausted_budget(
    rig: Any, make_step: Any, budget: dict[str, Any], usage: dict[str, Any]
) -> None:
    async def asks(call: AgentCall) -> AgentReply:
        return AgentReply(1, usage=usage)

    agent = rig.agents.add("asks", asks, uses=tuple(budget))
    steps = [make_step(f"s{i}", *([f"s{i - 1}"] if i else []), agent="asks") for i in range(4)]
    await rig.run(*steps, budget=budget)
    assert rig.statuses() == {"s0": "success", "s1": "success", "s2": "failure", "s3": "skipped"}
    assert rig.codes()["s2"] == "budget.exhausted"
    left = [c.allowance[next(iter(budget))] for c in agent.calls]
    assert left == pytest.approx([next(iter(budget.values())), next(iter(budget.values())) * 0.4])


async def test_who_uses_none_goes_on_when_the_tokens_are_used_up(rig: Any, make_step: Any) -> None:
    async def asks(call: AgentCall) -> AgentReply:
        return AgentReply(1, usage={"tokens": 500})

    rig.agents.add("asks", asks)  # its card does not say so: counted all the same, once it is known
    rig.agents.add("more", asks, uses=("tokens",))
    steps = [make_step("a", agent="asks"), make_step("b", "a"), make_step("c", "a", agent="more")]
    await rig.run(*steps, budget={"tokens": 100})
    assert rig.statuses() == {"a": "success", "b": "success", "c": "failure"}
    assert rig.codes() == {"c": "budget.exhausted"}


async def test_what_a_failed_attempt_says_it_used_is_taken_off(rig: Any, make_step: Any) -> None:
    async def fails(call: AgentCall) -> AgentReply:
        raise AttemptFailed("test.broken", "no", retryable=True, data={"usage": {"tokens": 70, "fuel": 1}})

    agent = rig.agents.add("fails", fails, uses=("tokens",), retries=3)
    await rig.run(make_step("a", agent="fails"), budget={"tokens": 100})
    assert [dict(c.allowance) for c in agent.calls] == [{"tokens": 100}, {"tokens": 30}]
    assert rig.codes() == {"a": "budget.exhausted"}


@pytest.mark.parametrize(("told", "kept"), [({}, 40), ({"tokens": 25}, 40), ({"tokens": 55}, 55)])
async def test_the_larger_of_what_was_counted_and_what_is_said_was_used(
    rig: Any, make_step: Any, told: dict[str, Any], kept: int
) -> None:
    async def asks(call: AgentCall) -> AgentReply:
        count("tokens", 40)
        return AgentReply(1, usage=told)

    rig.agents.add("asks", asks, uses=("tokens",))
    await rig.run(make_step("a", agent="asks"), budget={"tokens": 100})
    assert rig.kept(rig.last)[0].metadata.usage == {"tokens": kept}


async def test_what_was_counted_before_an_attempt_ran_out_of_time_counts(rig: Any, make_step: Any) -> None:
    async def asks(call: AgentCall) -> AgentReply:
        count("tokens", 90)
        return AgentReply(await hang(call))

    agent = rig.agents.add("asks", asks, uses=("tokens",))
    first = make_step("a", agent="asks", timeout_s=0.05)
    await rig.run(first, make_step("b", agent="asks", timeout_s=0.05), budget={"tokens": 100})
    assert {t.metadata.usage.get("tokens") for t in rig.kept(rig.last)} <= {90, None}
    assert [dict(c.allowance) for c in agent.calls] == [{"tokens": 100}, {"tokens": 10}]


def test_a_meter_says_what_is_left_and_counts_past_it() -> None:
    meter = Meter({"tokens": 10})
    assert (meter.left("tokens"), meter.left("usd")) == (10, None)
    meter.count("tokens", 25)
    assert (meter.left("tokens"), meter.used()) == (-15, {"tokens": 25})
    assert check_left("tokens") is None, "nobody is metered here"


async def test_what_planning_used_is_taken_off_the_runs_budget(rig: Any, make_step: Any) -> None:
    agent = rig.agents.add("asks", rig.agents.known["echo"].body, uses=("tokens",))
    rig.planner = asking(CALL, gives=plan_of(make_step("a", agent="asks"), budget={"tokens": 100}))
    run = rig.new_run(make_step("a")).model_copy(update={"plan": None})
    await rig.engine.submit(run)
    await rig.end_of(run.run_id)
    assert [dict(c.allowance) for c in agent.calls] == [{"tokens": 58}]


@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_budget_spent_on_planning_anew_pays_for_no_further_plan(
    make_rig: Any, make_step: Any, *, is_killed: bool
) -> None:
    async def by_model(failed: Failed) -> Plan:
        tell(replace(CALL, purpose="replan"))
        return await mend(failed, bind={"how": {"literal": f"badly {failed.round}"}})

    rig = furnish(make_rig())
    rig.replanner = by_model
    if is_killed:
        rig.agents.add("picky", hang)
        run_id = await rig.start(*failing(make_step), budget={"tokens": 40})
        await rig.until(lambda: rig.agents.known["picky"].calls)
        await rig.die()
        rig = furnish(make_rig())
        rig.replanner = by_model
        rig.work()
        run = await rig.end_of(run_id)
    else:
        run = await rig.run(*failing(make_step), budget={"tokens": 40})
    refused = [line.body for line in rig.lines(run.run_id) if line.kind == "not_replanned"]
    assert [body["refused"] for body in refused] == ["budget.exhausted"]
    assert len([t for t in rig.kept(run.run_id) if t.agent_type == "planner"]) == 1
    assert run.state is RunState.FAILED or rig.statuses(run.run_id)["a"] == "success"
