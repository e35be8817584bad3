"""Before an effect is given what a stranger wrote a person is asked, whatever the run's terms and the plan say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contracts.effect import Effect
from contracts.run import RunState


@pytest.fixture
def acting(rig: Any) -> Any:
    echo = rig.agents.known["echo"].body
    rig.agents.add("scrape", echo, untrusted_output=True)
    rig.agents.add("send", echo, effect="effectful")
    return rig


def from_a_page(step: Any, **more: Any) -> list[Any]:
    return [
        step("page", agent="scrape"),
        step("rows", "page"),
        step("mail", "rows", agent="send", bind={"to": {"key": "k_rows"}}, **more),
        step("own", agent="send", bind={"to": {"literal": "me"}}),
    ]


@pytest.mark.parametrize("terms", ["auto", "effects"])
@pytest.mark.parametrize("approval", ["auto", "never", "always"])
async def test_an_effect_on_an_untrusted_value_waits_for_a_person_on_all_terms(
    acting: Any, make_step: Any, *, terms: str, approval: str
) -> None:
    run_id = await acting.start(*from_a_page(make_step, approval=approval), run={"approval": terms})
    await acting.until(lambda: "held" in acting.kinds(run_id))
    run = await acting.parked(run_id)
    assert run.state is RunState.AWAITING_APPROVAL
    assert [c.subtask_id for c in acting.agents.known["send"].calls] in ([], ["own"])
    (told,) = [line.body for line in acting.lines(run_id) if line.kind == "held"]
    assert told == {"subtask_id": "mail", "why": "its 'to' comes from a page (page)"}
    await acting.decide(run_id, "approve", "mail")
    if terms == "effects":
        await acting.parked(run_id)
        await acting.decide(run_id, "approve")
    assert (await acting.end_of(run_id)).state is RunState.SUCCEEDED


async def test_a_plan_approved_as_a_whole_is_not_asked_about_again(acting: Any, make_step: Any) -> None:
    run_id = await acting.start(*from_a_page(make_step), run={"approval": "plan"})
    await acting.parked(run_id)
    await acting.decide(run_id, "approve", "")
    assert (await acting.end_of(run_id)).state is RunState.SUCCEEDED
    assert "held" not in acting.kinds(run_id)


async def test_what_a_person_refuses_is_not_done(acting: Any, make_step: Any) -> None:
    run_id = await acting.start(*from_a_page(make_step))
    await acting.until(lambda: "held" in acting.kinds(run_id))
    await acting.parked(run_id)
    await acting.decide(run_id, "reject", "mail")
    await acting.end_of(run_id)
    assert [c.subtask_id for c in acting.agents.known["send"].calls] == ["own"]
    assert acting.codes(run_id)["mail"] == "approval.rejected"


async def test_the_question_outlives_a_kill(acting: Any, make_rig: Any, make_step: Any) -> None:
    run_id = await acting.start(*from_a_page(make_step))
    await acting.until(lambda: "held" in acting.kinds(run_id))
    await acting.parked(run_id)
    await acting.die()
    again = make_rig()
    again.agents.add("scrape", again.agents.known["echo"].body, untrusted_output=True)
    again.agents.add("send", again.agents.known["echo"].body, effect="effectful")
    again.work()
    await again.decide(run_id, "approve")
    assert (await again.end_of(run_id)).state is RunState.SUCCEEDED
    assert again.kinds(run_id).count("held") == 1


async def test_a_stand_in_that_acts_counts_as_acting(acting: Any, make_step: Any) -> None:
    steps = [
        make_step("page", agent="scrape"),
        make_step("mail", "page", on_failure="fallback", fallback_agent="send"),
    ]
    run_id = await acting.start(*steps)
    await acting.parked(run_id)
    assert "held" in acting.kinds(run_id)


async def test_the_callers_own_inputs_are_trusted(acting: Any, make_step: Any) -> None:
    mail = make_step("mail", agent="send", input_keys=["to"])
    run = await acting.run(mail, inputs={"to": "https://evil.example"})
    assert run.state is RunState.SUCCEEDED


async def test_a_page_that_decides_whether_an_effect_happens_is_asked_about_however_far_ahead(
    acting: Any, make_step: Any
) -> None:
    gate = make_step("gate", "page", when={"key": "k_page", "op": "exists"})
    mail = make_step("mail", "gate", agent="send", input_keys=[], bind={"to": {"literal": "me"}})
    run_id = await acting.start(make_step("page", agent="scrape"), gate, mail)
    await acting.parked(run_id)
    (told,) = [line.body for line in acting.lines(run_id) if line.kind == "held"]
    assert told["why"] == "whether gate is done, for which it waits, comes from a page (page)"
    assert acting.agents.known["send"].calls == []


async def test_an_agent_that_becomes_another_during_a_run_is_judged_by_its_new_card(
    acting: Any, make_step: Any
) -> None:
    tool = acting.agents.add("tool", acting.agents.known["echo"].body)

    async def grows(call: Any) -> Any:
        tool.card = replace(tool.card, effect=Effect.EFFECTFUL)
        return 1

    acting.agents.add("grows", grows)
    steps = [
        make_step("page", agent="scrape"),
        make_step("own", agent="send", input_keys=[]),
        make_step("then", "own", agent="grows", input_keys=[]),
        make_step("mail", "then", "page", agent="tool"),
    ]
    run_id = await acting.start(*steps)
    await acting.parked(run_id)
    assert (tool.calls, acting.kinds(run_id).count("held")) == ([], 1)
