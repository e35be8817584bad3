"""The ways a model's reply goes wrong, by class: each is mended and says so, or is refused by its code.

Every reply of `replies/*.jsonl` goes through the door that a model's replies
go through. `codes` are all that is wrong with it; `repairs` all that was mended.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from contracts.card import AgentCard, read_card
from contracts.errors import AttemptFailed, InvalidPlan
from contracts.plan import load_plan
from contracts.replanning import Failed
from contracts.trace import TraceStatus
from planner.llm import plan_by_model
from planner.replanning import replan
from providers.chat import PLAIN, Completion, Message, Options

REPLIES = Path(__file__).parent / "replies"
OBJECTIVE = "When does the auction at https://shop.example.org/lot/7 end?"


def rows() -> list[dict[str, Any]]:
    found = [
        json.loads(line)
        for path in sorted(REPLIES.glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    for row in found:
        if "fill" in row:
            mark, unit, times = row["fill"]
            row["reply"] = row["reply"].replace(mark, unit * times)
    return found


ROWS = rows()


def read_catalogue() -> tuple[AgentCard, ...]:
    """Return the cards that the replies are about."""
    documents = json.loads((REPLIES / "cards.json").read_text("utf-8"))
    return tuple(
        read_card(
            {k: v for k, v in d.items() if k != "capabilities"},
            where=d["name"],
            extra={"capabilities": d["capabilities"]} if "capabilities" in d else None,
        )
        for d in documents
    )


@pytest.fixture(scope="module")
def catalogue() -> tuple[AgentCard, ...]:
    return read_catalogue()


class Says:
    """A model that says the same whatever it is asked."""

    def __init__(self, reply: str, *, is_cut: bool = False) -> None:
        self._reply = reply
        self._is_cut = is_cut

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        assert messages
        assert max_tokens > 0
        if self._is_cut:
            raise AttemptFailed("provider.truncated", "the reply was cut off")
        return Completion(self._reply, "stop", model="scripted")


async def outcome(row: dict[str, Any], cards: Sequence[AgentCard]) -> tuple[str, list[str]]:
    """Return `codes` or `repairs`, and which."""
    model = Says(row["reply"], is_cut="finish" in row)
    try:
        if "replan" in row:
            plan = await replan(_failed(cards), model, falls_back=False)
            return "repairs", [r.code for r in plan.origin.repairs]
        document: Any = await plan_by_model(
            model,
            row.get("objective", OBJECTIVE),
            inputs=row.get("inputs", {}),
            cards=cards,
            capabilities=frozenset(row["capabilities"]) if "capabilities" in row else None,
        )
    except InvalidPlan as exc:
        return "codes", sorted({p.code for p in exc.problems})
    load_plan(document)
    return "repairs", list(dict.fromkeys(r["code"] for r in document["origin"].get("repairs", [])))


def _failed(cards: Sequence[AgentCard]) -> Failed:
    """Return the failure that the replies of a replan answer: the page was not read, another step had ended."""
    url = OBJECTIVE.split()[5]
    count = {"text": {"literal": "auction"}}
    text = {"text": {"key": "page", "pointer": "/ends_text"}}
    steps: list[Any] = [
        _step("s0", "wasm:text_stats", "counts", bind=count),
        _step("s1", "scrape", "page", bind={"url": {"literal": url}}, on_failure="replan"),
        _step("s2", "time", "deadline", bind=text, dependencies=["s1"], input_keys=["page"]),
    ]
    plan = load_plan({"objective": OBJECTIVE, "subtasks": steps, "result_key": "deadline"})
    ended = {"s0": TraceStatus.SUCCESS, "s1": TraceStatus.FAILURE}
    return Failed(OBJECTIVE, {}, plan, cards, ended, "s1", "scrape.http_status", 1)


def _step(sid: str, agent: str, key: str, **more: Any) -> dict[str, Any]:
    return {
        "id": sid, "objective": f"Do {sid}", "required_agent": agent, "dependencies": [], "input_keys": [],
        "output_key": key,
    } | more  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[f"{r['class']}-{r['name']}" for r in ROWS])
async def test_a_reply_is_mended_or_refused_as_its_class_asks(
    row: dict[str, Any], catalogue: tuple[AgentCard, ...]
) -> None:
    kind, found = await outcome(row, catalogue)
    wanted = "codes" if "codes" in row else "repairs"
    assert (kind, sorted(found)) == (wanted, sorted(row[wanted]))


def test_every_class_has_at_least_five_replies() -> None:
    counts = Counter(row["class"] for row in ROWS)
    assert sorted(counts) == list(range(1, 44))
    assert min(counts.values()) >= 5


def test_no_two_replies_of_a_class_are_the_same() -> None:
    said = Counter((row["class"], row["reply"], row.get("finish"), str(row.get("inputs"))) for row in ROWS)
    same = [name for name, times in said.items() if times > 1]
    assert len(same) <= 3  # one plan under several grants of capabilities
