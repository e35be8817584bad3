"""A configured key is gone from every place of a plan, and the plan is a plan still."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.plan import Plan, load_plan
from contracts.policy import Grant, Policy
from contracts.run import Run, RunState
from contracts.structure import plan_problems, seal
from traces.cleaning import MARK, Cleaner
from traces.plan_cleaning import clean_plan
from traces.redaction import Redactor

CANARY = "sk-CANARY/987~654321"
NAME = "sk_canary_987654321"
SECRETS = (CANARY, NAME)


def plan_with(subtask: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    step = {
        "id": "s1",
        "objective": "o",
        "required_agent": "wasm:echo",
        "dependencies": [],
        "input_keys": ["k"],
        "bind": {"a": {"key": "k"}},
        "output_key": "page",
        **(subtask or {}),
    }
    return {"objective": "o", "inputs": {"k": 1}, "subtasks": [step], "result_key": "page", **more}


PLACES: dict[str, dict[str, Any]] = {
    "objective": plan_with(objective=f"use {CANARY}"),
    "input": plan_with(inputs={"k": {CANARY: [CANARY]}}),
    "parent": plan_with(parent=CANARY),
    "origin": plan_with(origin={"planner": "llm", "model": CANARY, "note": {CANARY: CANARY}}),
    "repairs": plan_with(
        origin={
            "planner": "llm",
            "repairs": [{"code": CANARY, "path": f"/{CANARY}", "before": CANARY, "after": [CANARY]}],
        }
    ),
    "estimate": plan_with(estimate={"x": CANARY, "risk_reasons": [CANARY], "tokens": 3}),
    "subtask's objective": plan_with({"objective": CANARY}),
    "schema": plan_with({"output_schema": {"properties": {CANARY: {"description": CANARY}}}}),
    "bind's name": plan_with({"bind": {CANARY: {"key": "k"}, f"x.{CANARY}": {"literal": 1}}}),
    "literal": plan_with({"bind": {"a": {"literal": {"deep": [CANARY]}}}}),
    "pointer": plan_with({"bind": {"a": {"key": "k", "pointer": "/sk-CANARY~1987~0654321/x"}}}),
    "foreach's pointer": plan_with({"foreach": {"key": "k", "pointer": "/sk-CANARY~1987~0654321"}}),
    "names": plan_with(
        {
            "id": NAME,
            "input_keys": [f"k_{NAME}"],
            "bind": {"a": {"key": f"k_{NAME}"}},
            "foreach": {"key": f"k_{NAME}"},
            "output_key": f"{NAME}_out",
        },
        inputs={f"k_{NAME}": [1]},
        result_key=f"{NAME}_out",
    ),
}


def holds(text: str) -> bool:
    return any(part in text for part in ("CANARY", "987654321", "987~654321", "canary"))


@pytest.mark.parametrize("place", PLACES)
def test_a_key_is_gone_from_every_place_of_a_plan(place: str) -> None:
    plan = load_plan(PLACES[place])
    clean = Redactor(SECRETS).plan(plan)

    assert holds(json.dumps(plan.as_json()))
    assert not holds(json.dumps(clean.as_json()))
    assert Plan.model_validate(json.loads(json.dumps(clean.as_json()))) == clean
    assert clean.plan_id == plan.plan_id


@pytest.mark.parametrize("place", PLACES)
def test_a_clean_plan_named_anew_is_sound(place: str) -> None:
    clean = clean_plan(load_plan(PLACES[place]).as_json(), Cleaner(SECRETS, finds="told"))

    assert plan_problems(seal(clean)) == []


def test_what_executes_no_more_is_cleaned_as_well() -> None:
    whole = plan_with({"when": {"key": "k", "pointer": f"/{CANARY}", "op": "eq", "value": CANARY}})
    whole["subtasks"][0] |= {"fallback_agent": CANARY, "on_failure": "fallback"}

    assert not holds(json.dumps(Redactor(SECRETS).plan(Plan.model_validate(seal(whole))).as_json()))


def test_a_plan_without_secrets_is_the_same_object() -> None:
    plan = load_plan(plan_with(origin={"planner": "human", "keyboard": "de"}, estimate={"tokens": 4}))

    assert Redactor(SECRETS).plan(plan) is plan


def test_names_that_hold_two_keys_stay_apart() -> None:
    cleaner = Cleaner(["secret_one", "secret_two"])

    assert len({cleaner.name("a_secret_one"), cleaner.name("a_secret_two"), cleaner.name("a")}) == 3


@given(st.from_regex(r"[a-z][a-z0-9_]{0,62}", fullmatch=True), st.integers(0, 50))
def test_a_stand_in_is_a_key_still(name: str, at: int) -> None:
    held = (name[:at] + NAME + name[at:])[:63]
    clean = Cleaner([held[at : at + 19] or NAME]).name(held)

    Plan.model_validate(seal(plan_with({"output_key": clean}, result_key=clean)))


def test_dotted_names_and_repaired_places_hide_what_nobody_told() -> None:
    document = plan_with(
        {"bind": {"headers.authorization": {"literal": "Token USERCANARY"}}},
        inputs={"k": 1, "api_key": "USERCANARY"},
        origin={
            "planner": "llm",
            "repairs": [{"code": "c", "path": "/subtasks/0/bind/password", "before": "USERCANARY"}],
        },
    )

    assert "USERCANARY" not in json.dumps(Redactor().plan(load_plan(document)).as_json())


def test_a_result_under_a_sensitive_key_goes_whole() -> None:
    plan = load_plan(plan_with({"output_key": "api_key"}, result_key="api_key"))
    run = Run(run_id="r", objective="o", state=RunState.SUCCEEDED, plan=plan, result={"a": "USERCANARY"})

    assert Redactor().run(run).result == MARK
    assert Redactor().run(run.model_copy(update={"plan": None}), plan=plan).result == MARK


def test_a_run_refers_to_its_plan_by_the_same_stand_ins() -> None:
    plan = load_plan(PLACES["names"])
    run = Run(
        run_id="r",
        objective="o",
        state=RunState.SUCCEEDED,
        plan=plan,
        inputs=plan.inputs,
        subtasks={NAME: "success"},
        policy=Policy(hosts=(f"{NAME}.example",), grants=(Grant(kind="folder", value=f"/{NAME}", by="x"),)),
    )
    clean = Redactor(SECRETS).run(run)

    assert clean.plan is not None
    assert not holds(clean.model_dump_json())
    assert clean.subtasks.keys() == {s.id for s in clean.plan.subtasks}
    assert clean.inputs.keys() == clean.plan.inputs.keys()
