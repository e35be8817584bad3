"""A model's reply is read whole and strictly, or not at all."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json
from planner.reading.decode import MAX_REPLY
from planner.reading.plan import read_plan
from planner.reading.reply import read_reply

PLAN = {"subtasks": [{"id": "s1", "objective": 'say "}" {'}], "result_key": "a"}
TEXT = json.dumps(PLAN)


@pytest.mark.parametrize(
    ("reply", "repairs"),
    [
        (TEXT, []),
        (f"\n  {TEXT}\n", []),
        (f"```json\n{TEXT}\n```", ["reply.fence_dropped"]),
        (f"Here is the plan:\n```\n{TEXT}\n```\nEnjoy!", ["reply.fence_dropped", "reply.prose_dropped"]),
        (f'I say "sure", {{well}}: {TEXT}', ["reply.prose_dropped"]),
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
        ("I cannot do that.", "plan.reply_refused"),
        ("{}", "plan.reply_empty"),
        ("[1, 2]", "plan.reply_malformed"),
        ('{"subtasks": [], "subtasks": [1]}', "plan.reply_ambiguous"),
        ('{"subtasks": NaN}', "plan.reply_malformed"),
        ('{"a": "\\ud800", "subtasks": []}', "plan.reply_malformed"),
        ('{"a": "\\q", "subtasks": []}', "plan.reply_malformed"),
        ('{"a": 1, "subtasks": [], \x00}', "plan.reply_malformed"),
        ('{"subtasks": [' + "[" * 100 + "]" * 100 + "]}", "plan.reply_too_large"),
        (TEXT[:-1], "plan.reply_truncated"),
        (f"```json\n{TEXT[:-20]}", "plan.reply_truncated"),
        ('{"plan": {"subtasks": []}, "res', "plan.reply_truncated"),
        (TEXT + '{"subtasks": []}', "plan.reply_ambiguous"),
        (TEXT + " " * MAX_REPLY, "plan.reply_too_large"),
    ],
)
def test_a_reply_that_cannot_be_used_says_why(reply: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_reply(reply)
    assert caught.value.code == code


def test_a_repair_says_where_and_what_it_was() -> None:
    found = read_reply("{'subtasks': [{'id': 's1', 'retries': None}]}")
    assert found.document == {"subtasks": [{"id": "s1", "retries": None}]}
    assert list(found.repairs) == snapshot(
        [
            {"code": "reply.single_quotes", "path": "", "before": "'subtasks'", "after": "subtasks"},
            {"code": "reply.single_quotes", "path": "/subtasks/0", "before": "'id'", "after": "id"},
            {"code": "reply.single_quotes", "path": "/subtasks/0/id", "before": "'s1'", "after": "s1"},
            {"code": "reply.single_quotes", "path": "/subtasks/0", "before": "'retries'", "after": "retries"},
            {"code": "reply.python_literal", "path": "/subtasks/0/retries", "before": "None", "after": None},
        ]
    )


def test_of_many_repairs_of_one_kind_the_first_few_are_kept() -> None:
    found = read_reply(str({"subtasks": [{"id": f"s{n}"} for n in range(50)]}))
    assert [r["code"] for r in found.repairs] == ["reply.single_quotes"] * 5


def test_a_long_text_is_kept_as_an_excerpt() -> None:
    found = read_reply("so " * 1000 + TEXT)
    assert len(str(found.repairs[0]["before"])) <= 80


@pytest.mark.parametrize(
    "text",
    [
        "say \u201chi\u201d",
        "1\uff0c2",
        "it's // no comment",
        "# no comment",
        "</think> {",
        "```",
        "tab\tnewline\n",
    ],
)
def test_what_stands_in_a_text_is_left_as_it_is(text: str) -> None:
    plan = {"subtasks": [{"id": "s1", "objective": text}]}
    for reply in (json.dumps(plan), f"Here: {json.dumps(plan, ensure_ascii=False)}", repr(plan)):
        assert read_reply(reply).document == plan


@given(
    text=st.one_of(st.text(max_size=300), st.text(alphabet="{}[]\"'\\:,a1 \n/#<`\u201c\uff0c", max_size=300))
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        said = type(read_plan(text).document).__name__
    except InvalidInput as exc:
        said = exc.code
    assert said.startswith(("dict", "plan.reply_", "plan.placeholder"))


@given(value=st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20,
))  # fmt: skip
def test_what_json_spells_is_read_as_json_reads_it(value: Any) -> None:
    plan: Any = {"subtasks": [{"id": "s1", "bind": {"x": {"literal": value}}}]}
    for reply in (f"Plan: {json.dumps(plan)}", f"Plan: {json.dumps(plan, ensure_ascii=False, indent=1)}"):
        assert canonical_json(read_reply(reply).document) == canonical_json(plan)


HOSTILE = {
    "open brackets": "[",
    "open objects": '{"a":',
    "open strings": '{"',
    "single quotes": "{'",
    "smart quotes": "{\u201c",
    "comments": "{/*",
    "comments that end": "{/**/",
    "line comments": "{# \n",
    "small objects": "{} ",
    "a key over and over": '{"a":1,',
    "fences": "```",
    "thinking": "<think>",
    "ends of thinking": "</think>\n{",
    "tags": "<tool ",
    "apologies": "ich kann ",
    "calls": "a( ",
    "odd spaces": '{"a":\u00a0',
    "escapes": "\\",
    "numbers": "[1,",
    "braces in strings": '{"\\"',
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_reply_of_the_largest_size_takes_long(unit: str) -> None:
    reply = unit * (MAX_REPLY // len(unit))
    started = time.perf_counter()
    with pytest.raises(InvalidInput):
        read_plan(reply)
    assert time.perf_counter() - started < 60, "not in one pass: looked through again for each of its parts"
