"""A model's reply is read whole and strictly, or not at all."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidInput
from planner.replies import MAX_REPLY, read_reply

PLAN = {"subtasks": [{"id": "s1", "objective": 'say "}" {'}], "result_key": "a"}
TEXT = json.dumps(PLAN)


@pytest.mark.parametrize(
    ("reply", "repairs"),
    [
        (TEXT, []),
        (f"\n  {TEXT}\n", []),
        (f"```json\n{TEXT}\n```", ["reply.fence_dropped"]),
        (f"Here is the plan:\n```\n{TEXT}\n```\nEnjoy!", ["reply.fence_dropped", "reply.prose_dropped"]),
        (f'I say "sure", {{well}}: {TEXT}', ["reply.prose_dropped", "reply.objects_dropped"]),
        (f"<think>maybe {{}}</think>{TEXT}", ["reply.thinking_dropped"]),
        (f"{TEXT}\n{TEXT}", ["reply.objects_dropped"]),
        (f'{{"note": 1}} {TEXT}', ["reply.objects_dropped"]),
    ],
)
def test_what_stands_around_a_plan_is_cut_away_and_said(reply: str, repairs: list[str]) -> None:
    found = read_reply(reply)
    assert found.document == PLAN
    assert [r["code"] for r in found.repairs] == repairs


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("", "plan.reply_empty"),
        ("<think>hm</think>", "plan.reply_empty"),
        ("I cannot do that.", "plan.reply_malformed"),
        ("{}", "plan.reply_malformed"),
        ("[1, 2]", "plan.reply_malformed"),
        ("{'subtasks': []}", "plan.reply_malformed"),
        ('{"subtasks": [],}', "plan.reply_malformed"),
        ('{"subtasks": [], "subtasks": []}', "plan.reply_malformed"),
        ('{"subtasks": NaN}', "plan.reply_malformed"),
        ('{"subtasks": [True]}', "plan.reply_malformed"),
        ('{"subtasks": [' + "[" * 100 + "]" * 100 + "]}", "plan.reply_malformed"),
        (TEXT[:-1], "plan.reply_truncated"),
        (f"```json\n{TEXT[:-20]}", "plan.reply_truncated"),
        ('{"plan": {"subtasks": []}, "res', "plan.reply_truncated"),
        ('{"plan": {"subtasks": []}}', "plan.reply_malformed"),
        (TEXT + '{"subtasks": []}', "plan.reply_ambiguous"),
        (TEXT + " " * MAX_REPLY, "plan.reply_too_large"),
    ],
)
def test_a_reply_that_cannot_be_used_says_why(reply: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_reply(reply)
    assert caught.value.code == code


@given(cut=st.integers(min_value=1, max_value=len(TEXT) - 1))
def test_no_part_of_a_plan_passes_for_the_whole(cut: int) -> None:
    with pytest.raises(InvalidInput):
        read_reply(TEXT[:cut])


@given(text=st.one_of(st.text(max_size=300), st.text(alphabet='{}[]"\\:,a1 \n', max_size=300)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read_reply(text)
    except InvalidInput as exc:
        found = None
        code = exc.code
    else:
        code = "plan.reply_read"
    assert code.startswith("plan.reply_")
    assert found is None or "subtasks" in found.document


def test_a_long_reply_of_small_objects_is_read_quickly() -> None:
    with pytest.raises(InvalidInput, match="no subtasks"):
        read_reply("{} " * 60_000)
