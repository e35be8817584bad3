from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.errors import InvalidPlan
from contracts.jsonvalue import canonical_json
from contracts.plan import load_plan
from service import known_plans
from service.known_plans import KnownPlan, KnownPlans
from tests.service.desk_at_hand import PLAN, card
from traces.redaction import Redactor

CARDS = [card(name, takes={"type": "object"}) for name in ("scrape", "vision", "time", "data")]
SECRET = "a-secret-of-some-length"


def named(objective: str) -> dict[str, Any]:
    return {**PLAN, "objective": objective}


async def test_the_same_plan_is_checked_once() -> None:
    known = KnownPlans(lambda: CARDS, Redactor(()))
    first = await known.read(named("x"))
    assert await known.read(dict(reversed(named("x").items()))) is first
    assert await known.read(named("y")) is not first


async def test_a_plan_that_must_not_run_is_refused_each_time() -> None:
    known = KnownPlans(lambda: CARDS, Redactor(()))
    for _ in range(2):
        with pytest.raises(InvalidPlan):
            await known.read({"objective": "x"})


async def test_what_is_remembered_is_bounded_by_count_and_by_size() -> None:
    known = KnownPlans(lambda: CARDS, Redactor(()))
    first = await known.read(named("x"))
    for number in range(known_plans.MOST + 10):
        await known.read(named(f"plan {number}"))
        assert len(known._found) <= known_plans.MOST
    assert await known.read(named("x")) is not first
    for number in range(100):
        await known.read({**named(f"long {number}"), "inputs": {"text": "a" * 60_000}})
    assert known._chars <= known_plans.MOST_CHARS
    assert known._chars == sum(chars for _, chars in known._found.values())


async def test_a_plan_too_long_to_remember_is_checked_all_the_same() -> None:
    known = KnownPlans(lambda: CARDS, Redactor(()))
    found = await known.read({**named("x"), "inputs": {"text": "a" * 100_000}})
    assert found.plan.objective == "x"
    assert len(known._found) == 0


async def test_what_is_shown_of_a_plan_has_no_secret() -> None:
    found = await KnownPlans(lambda: CARDS, Redactor([SECRET])).read(named(f"use {SECRET}"))
    assert found.is_redacted
    assert SECRET in found.plan.objective
    assert SECRET not in found.text


@pytest.mark.parametrize(("planner", "hosts"), [("human", ("one.example",)), ("llm", ())])
def test_only_a_person_names_hosts_in_a_plan(planner: str, hosts: tuple[str, ...]) -> None:
    document = {**named("read http://one.example/"), "origin": {"planner": planner}}
    assert KnownPlan.of(load_plan(document), Redactor(())).hosts == hosts


async def test_a_text_at_hand_names_the_plan_it_spells() -> None:
    known = KnownPlans(lambda: CARDS, Redactor(()))
    first = await known.read(named("x"), canonical=canonical_json(named("x")))
    assert await known.read(named("x")) is first


@pytest.mark.parametrize("objective", ["plain", f"use {SECRET}", "the password is in the drawer"])
async def test_what_is_shown_is_what_the_redactor_leaves(objective: str) -> None:
    redactor = Redactor([SECRET])
    found = await KnownPlans(lambda: CARDS, redactor).read(named(objective))
    clean = redactor.plan(found.plan)
    assert found.shown == clean
    assert json.loads(found.text) == clean.as_json()
    assert found.is_redacted == (clean != found.plan)
