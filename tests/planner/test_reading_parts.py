"""A plan is taken whole or not at all: nothing of it is left beside it, whatever the reply is written like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.errors import InvalidInput
from planner.reading.plan import read_plan
from planner.reading.reply import read_reply
from planner.reading.thinking import TAGS
from tests.planner.test_reading_prefixes import PLAN

LIST = json.dumps(PLAN["subtasks"])
WHOLE = json.dumps(PLAN)
FIRST, LAST = (json.dumps(PLAN["subtasks"][n]) for n in (0, -1))
PART = json.dumps({"subtasks": PLAN["subtasks"][:1]})
KEY = PLAN["result_key"]
OTHER = json.dumps({**PLAN, "result_key": "page"})

TAGGED = {
    "function": f"<tool_call>\n<function=plan>\n<parameter=subtasks>\n{LIST}\n</parameter>\n<parameter=result_key>\n{KEY}"
    "\n</parameter>\n</function>\n</tool_call>",
    "invoke": f'<invoke name="plan">\n<parameter name="subtasks">{LIST}</parameter>\n<parameter name="result_key">{KEY}'
    "</parameter>\n</invoke>",
    "arguments": f"<tool_call>plan\n<arg_key>subtasks</arg_key>\n<arg_value>{LIST}</arg_value>\n<arg_key>result_key"
    f"</arg_key>\n<arg_value>{KEY}</arg_value>\n</tool_call>",
}


def code_of(text: str) -> str:
    try:
        return f"taken: {read_plan(text).document}"
    except InvalidInput as exc:
        return exc.code


@pytest.mark.parametrize("text", TAGGED.values(), ids=TAGGED.keys())
def test_a_call_with_its_parameters_in_tags_is_read_with_all_of_them(text: str) -> None:
    found = read_reply(text)
    assert found.document == PLAN
    assert "reply.wrapper_dropped" in [repair["code"] for repair in found.repairs]


@pytest.mark.parametrize("text", TAGGED.values(), ids=TAGGED.keys())
def test_no_prefix_of_a_call_in_tags_is_a_plan(text: str) -> None:
    end = max(text.rfind(f"</{name}>") for name in ("function", "invoke", "tool_call") if f"<{name}" in text)
    taken = [text[k:] for k in range(len(text)) if code_of(text[:k]).startswith("taken")]
    assert all(not rest or end - 60 < text.rfind(rest) for rest in taken)
    assert all(read_reply(text[: len(text) - len(rest)]).document == PLAN for rest in taken)


def test_a_parameter_that_stands_twice_is_ambiguous() -> None:
    twice = TAGGED["function"].replace("</function>", f"<parameter=subtasks>{LIST}</parameter></function>")
    assert code_of(twice) == "plan.reply_ambiguous"


@pytest.mark.parametrize(
    "text",
    [
        f'plan(subtasks={LIST}, result_key="{KEY}")',
        f"plan(subtasks={LIST}, resu",
        f"plan({LIST}",
        f'plan({LIST}, result_key="{KEY}")',
        f'subtasks = {LIST}\nresult_key = "{KEY}"',
        f"subtasks: {LIST}\nresult_k",
        f"**Subtasks**:\n```json\n{LIST}\n```\n**result_key**: {KEY}",
        f'{LIST}\n{{"result_key": "{KEY}"}}',
        f'{PART}\n"result_key": "{KEY}"}}',
        f"[{FIRST}]\n{LAST}",
        f"Step 1:\n```json\n{PART}\n```\nStep 2:\n```json\n{LAST}\n```",
    ],
)
def test_a_plan_of_which_a_part_stands_beside_it_is_refused(text: str) -> None:
    assert code_of(text) == "plan.reply_malformed"


@pytest.mark.parametrize(
    "text",
    [
        f"{WHOLE}\n\nThe `result_key`: it names the answer.",
        f"{WHOLE}\n\nIts first step is:\n{FIRST}",
        f"Here are the subtasks:\n{WHOLE}",
        f"plan({WHOLE}",
    ],
)
def test_a_whole_plan_is_taken_whatever_is_said_of_its_parts(text: str) -> None:
    assert read_reply(text).document == PLAN


def test_a_bare_list_under_a_heading_is_still_a_plan() -> None:
    assert read_reply(f"Here are the subtasks:\n{LIST}").document == {"subtasks": PLAN["subtasks"]}


def test_the_result_key_beside_a_wrapped_plan_is_moved_into_it_and_said() -> None:
    for inner in (PLAN["subtasks"], {"subtasks": PLAN["subtasks"]}, PLAN):
        found = read_reply(json.dumps({"plan": inner, "result_key": KEY}))
        assert found.document == PLAN
        assert ("reply.key_moved" in [r["code"] for r in found.repairs]) == (inner is not PLAN)


def test_two_result_keys_that_differ_are_ambiguous() -> None:
    assert code_of(json.dumps({"plan": PLAN, "result_key": "page"})) == "plan.reply_ambiguous"


def test_an_underscore_that_markdown_escapes_is_an_underscore() -> None:
    found = read_reply(WHOLE.replace("_", "\\_"))
    assert found.document == PLAN
    assert "reply.escape_mended" in [r["code"] for r in found.repairs]


@pytest.mark.parametrize(("opener", "closer"), TAGS)
def test_a_plan_in_any_thinking_block_is_never_the_answer(opener: str, closer: str) -> None:
    assert read_reply(f"{opener} maybe {OTHER} {closer}\n{WHOLE}").document == PLAN
    assert code_of(f"{opener} maybe {OTHER}") == "plan.reply_truncated"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (WHOLE.replace('"', "&quot;"), "plan.reply_malformed"),
        ("{}", "plan.reply_empty"),
        ('{"subtasks": [], "error": "I cannot help with that."}', "plan.reply_refused"),
        ('I cannot help with that. {"subtasks": []}', "plan.reply_refused"),
    ],
)
def test_a_reply_without_steps_says_why_there_are_none(text: str, code: str) -> None:
    assert code_of(text) == code


HOSTILE: dict[str, Any] = {
    "parameters": "<parameter=subtasks>",
    "parameters that end": "<parameter=a>[</parameter>",
    "argument keys": "<arg_key>subtasks</arg_key><arg_value>",
    "lists in calls": "plan([",
    "fields": "subtasks=[",
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_reply_full_of_calls_is_taken(unit: str) -> None:
    assert code_of(unit * (200_000 // len(unit))).startswith("plan.reply_")
