"""Random plans: sound, varied, and answered as anybody can work out."""

from __future__ import annotations

import random

from contracts.structure import plan_problems
from simulation.actors import KINDS, answer
from simulation.plans import random_plan
from simulation.setting import TASTES, Setting
from simulation.wish import wishes_of


def test_every_random_plan_passes_the_checks_of_real_ones() -> None:
    for seed in range(120):
        plan = random_plan(random.Random(seed), taste=TASTES[seed % len(TASTES)])
        assert plan_problems(plan.as_json()) == []
        assert {s.required_agent for s in plan.subtasks} <= KINDS.keys()


def test_random_plans_use_everything_a_plan_can_say() -> None:
    subtasks = [s for seed in range(200) for s in random_plan(random.Random(seed), taste="fans").subtasks]
    assert {s.on_failure for s in subtasks} == {"skip", "fail", "fallback", "replan"}
    assert any(s.foreach for s in subtasks)
    assert any(s.when for s in subtasks)
    assert any(s.approval == "always" for s in subtasks)
    assert any(s.budget for s in subtasks)
    assert any(len(s.dependencies) > 1 for s in subtasks)


def test_an_answer_follows_from_its_inputs_alone() -> None:
    one = answer("s1", None, {"k0": 1, "do": {"flag": 1, "items": 2}}, {})
    assert one == answer("s1", None, {"do": {"flag": 1, "items": 2}, "k0": 1}, {})
    assert one != answer("s1", None, {"k0": 2, "do": {"flag": 1, "items": 2}}, {})
    assert one != answer("s1", 0, {"k0": 1, "do": {"flag": 1, "items": 2}}, {})


def test_settings_draw_every_way_to_die() -> None:
    drawn = [Setting.draw(random.Random(f"{seed}")) for seed in range(300)]
    deaths = [death for setting in drawn for death in setting.deaths]
    assert {death.kind for death in deaths} == {"power", "kill", "drain", "frozen"}
    assert {len(setting.deaths) for setting in drawn} == {0, 1, 2, 3, 4}
    assert {t.kind for setting in drawn for t in setting.troubles} == {"full", "failing"}
    assert any(setting.starts_old and setting.dies_migrating for setting in drawn)


def test_wishes_of_one_seed_are_the_same_wishes() -> None:
    setting = Setting.draw(random.Random("x"))
    first, second = (wishes_of(random.Random("y"), setting) for _ in range(2))
    assert [w.plan.plan_id for w in first] == [w.plan.plan_id for w in second]
