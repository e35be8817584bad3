"""What a model was asked for a run's plan, on the run's page and its trace's: text, whatever the model wrote."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contracts.trace import TraceStatus
from service.dashboard.asked import MAX_REPLY, MOST
from tests.service.desk_at_hand import DeskAtHand
from tests.service.test_dashboard import HOSTILE, one, page, words

PLANNING: dict[str, Any] = {
    "model": "small-1",
    "form": "grammar",
    "finish_reason": "stop",
    "tries": 2,
    "repairs": [{"code": "fence", "path": "/", "before": "```"}],
    "timings": {"ttft_ms": 412.4, "eval_duration_ms": 5300, "throughput_tok_s": 19.94},
}
USAGE = {"prompt_tokens": 900, "cached_tokens": 850, "completion_tokens": 106, "tokens": 1006, "usd": 0.0021}


def ask(desk: DeskAtHand, trace_id: str = "t1", *, reply: Any = '{"subtasks": []}', **more: Any) -> None:
    metadata = {"planning": PLANNING, "usage": USAGE, "objective": "", "agent_version": "", **more}
    status = metadata.pop("status", TraceStatus.SUCCESS)
    code = {} if status is TraceStatus.SUCCESS else {"code": "plan.shape"}
    desk.keep_trace(
        trace_id,
        "r1",
        "",
        agent_type="planner",
        input={"purpose": "plan", "prompt_sha256": "ab" * 32, "prompt_chars": 4321},
        output=reply,
        metadata=metadata,
        status=status,
        **code,
    )


async def test_a_run_shows_what_the_model_was_asked_and_what_came_of_it(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1")
    ask(desk, "t1", status=TraceStatus.FAILURE, planning={**PLANNING, "problems": [{"code": "plan.shape"}]})
    ask(desk, "t2", attempt=2)
    tree = await page(client, "/ui/runs/r1")
    assert words(tree, "[data-part=questions] summary") == [
        "Failure Asked for a plan, for the first time took 1.2 s",
        "Success Asked for a plan, to mend the reply took 1.2 s",
    ]
    assert words(tree, "[data-part=questions] pre") == ['{"subtasks": []}'] * 2
    assert "plan.shape" in words(tree, "[data-part=questions] ul")[1]
    assert words(tree, "[data-part=traces] tbody th") == ["the plan", "the plan"]


async def test_its_trace_shows_hash_reply_repairs_usage_and_times(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1")
    ask(desk)
    tree = await page(client, "/ui/traces/t1")
    assert one(tree, "h1").text().strip() == "planner"
    facts = dict(zip(words(tree, ".facts.small dt"), words(tree, ".facts.small dd"), strict=True))
    assert facts == {
        "Prompt (SHA-256)": "ab" * 32,
        "Prompt": "4321 characters",
        "Model": "small-1",
        "Held to its form by": "grammar",
        "Ended with": "stop",
        "Tries": "2",
        "Tokens read": "900",
        "Of these, known before": "850",
        "Tokens written": "106",
        "Cost": "0.002100 USD",
        "To the first token": "412 ms",
        "Writing": "5.3 s",
        "Speed": "19.9 tokens/s",
    }
    assert words(tree, "ul.plain-list li") == ["fence · /"]
    assert words(await page(client, "/ui/traces?agent=planner"), "tbody th") == ["the plan"]


@pytest.mark.parametrize("path", ["/ui/runs/r1", "/ui/traces/t1", "/ui/traces"])
async def test_whatever_a_model_wrote_is_text_on_a_page(
    client: httpx.AsyncClient, desk: DeskAtHand, path: str
) -> None:
    desk.keep_run("r1")
    hostile = {
        "model": HOSTILE, "form": HOSTILE, "finish_reason": HOSTILE, "tries": HOSTILE,
        "repairs": [{"code": HOSTILE, "message": HOSTILE}, HOSTILE, 7],
        "problems": [{HOSTILE: HOSTILE}],
        "timings": {"ttft_ms": HOSTILE, HOSTILE: 1},
    }  # fmt: skip
    ask(desk, reply=HOSTILE, planning=hostile, usage={"usd": HOSTILE, "prompt_tokens": HOSTILE})
    tree = await page(client, path)
    text = (await client.get(path)).text
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert [n for n in tree.css("script") if "alert" in n.text()] == []


@pytest.mark.parametrize(
    "odd",
    [
        {"planning": {"repairs": "none", "problems": {"a": 1}, "timings": [1]}},
        {"planning": {"timings": {"throughput_tok_s": True, "ttft_ms": -1}}, "usage": {"usd": 1e300}},
        {"planning": {}, "usage": {}},
    ],
)
@pytest.mark.parametrize("reply", [None, {"sha256": "ab", "chars": 9}, "x" * (MAX_REPLY + 1), [], 7])
async def test_a_trace_anybody_may_have_written_breaks_no_page(
    client: httpx.AsyncClient, desk: DeskAtHand, odd: dict[str, Any], reply: Any
) -> None:
    desk.keep_run("r1")
    ask(desk, reply=reply, **odd)
    assert words(await page(client, "/ui/traces/t1"), "h2")[0] == "Asked for a plan, for the first time"
    assert len(words(await page(client, "/ui/runs/r1"), "[data-part=questions] details")) == 1


async def test_of_many_questions_the_newest_are_shown(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1")
    for number in range(MOST + 2):
        ask(desk, f"t{number}", attempt=number + 1)
    links = [n.attributes["href"] for n in (await page(client, "/ui/runs/r1")).css("details .note a")]
    assert links == [f"/ui/traces/t{n}" for n in range(2, MOST + 2)]
