"""Replies by the hundred thousand, cut, mutated and spliced: none may crash the reading, none pass that should not.

    python -P benchmarks/planner/fuzz.py [--replies N] [--seed N]

Each goes through the door of a model's reply, to the end. A seed gives the
same replies again. What is accepted is held to a second opinion that shares no
code with the check; what was cut inside its plan may not be accepted at all.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.planner.fuzz_mutations import cut_reply, mutated
from benchmarks.planner.oracle import flaws_of
from contracts.card import AgentCard
from contracts.errors import CallsheetError
from planner.llm import plan_by_model
from providers.chat import PLAIN, Completion, Message, Options
from tests.planner.test_reading_classes import OBJECTIVE, ROWS, read_catalogue

LONGEST: Final = 20_000
"""Characters of a reply that is mutated; the largest are tested as they are."""
SHOWN: Final = 5
CUT: Final = 0.25
"""Share of the replies that are cut inside their plan."""


@dataclass(slots=True)
class _Once:
    """A model that gives one reply, and then none."""

    reply: str

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        options: Options = PLAIN,  # noqa: ARG002  # the protocol asks for it
    ) -> Completion:
        """Return the reply, or nothing the second time."""
        text, self.reply = self.reply, ""
        return Completion(text, "stop", model=f"fuzz of {len(messages)} messages, {max_tokens} tokens")


def measure_fuzz(count: int = 100_000, *, seed: int = 1) -> dict[str, Any]:
    """Return what came of `count` replies.

    Args:
        count: How many.
        seed: Of the mutations.
    """
    return asyncio.run(_fuzz(count, random.Random(seed)))


async def _fuzz(count: int, rng: random.Random) -> dict[str, Any]:
    rows = [row for row in ROWS if len(row["reply"]) <= LONGEST and "replan" not in row]
    sound = [_plan(row["reply"]) for row in rows if row.get("repairs") == [] and "inputs" not in row]
    good = [row for row in rows if "repairs" in row]
    texts = [row["reply"] for row in rows]
    cards = read_catalogue()
    counts: Counter[str] = Counter()
    started = time.perf_counter()
    slowest = 0.0
    for number in range(count):
        is_cut = rng.random() < CUT
        row = {} if is_cut else rng.choice(rng.choice((rows, good)))
        text = cut_reply(rng.choice(sound), rng) if is_cut else mutated(row["reply"], texts, rng)
        begun = time.perf_counter()
        verdict = await _verdict(text, row, cards)
        slowest = max(slowest, time.perf_counter() - begun)
        counts[verdict] += 1
        counts["truncated"] += is_cut
        counts["truncated_accepted"] += is_cut and verdict in {"accepted", "oracle_rejects"}
        if verdict in {"uncaught", "oracle_rejects"} or (is_cut and verdict == "accepted"):
            _show(number, verdict, text, counts)
    names = ("accepted", "refused", "uncaught", "oracle_rejects", "truncated", "truncated_accepted")
    return {
        "bar1_fuzz_replies": count,
        **{f"bar1_fuzz_{name}": counts[name] for name in names},
        "bar1_fuzz_slowest_ms": round(slowest * 1000, 1),
        "bar1_fuzz_seconds": round(time.perf_counter() - started, 1),
    }


async def _verdict(text: str, row: dict[str, Any], cards: Sequence[AgentCard]) -> str:
    try:
        document = await plan_by_model(
            _Once(text),
            row.get("objective", OBJECTIVE),
            inputs=row.get("inputs", {}),
            cards=cards,
            capabilities=frozenset(row["capabilities"]) if "capabilities" in row else None,
        )
    except CallsheetError:
        return "refused"
    except Exception as exc:  # noqa: BLE001  # counting what nobody catches is the point
        print(f"fuzz: {type(exc).__name__}: {str(exc)[:200]}", file=sys.stderr)
        return "uncaught"
    return "oracle_rejects" if flaws_of(document) else "accepted"


def _plan(reply: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(reply)
    return {name: found[name] for name in ("subtasks", "result_key") if name in found}


def _show(number: int, verdict: str, text: str, counts: Counter[str]) -> None:
    counts["shown"] += 1
    if counts["shown"] <= SHOWN:
        print(f"fuzz: reply {number} {verdict}: {text[:2000]!r}", file=sys.stderr)


def main() -> int:
    """Fuzz, print the figures as JSON, and say by the exit code whether all holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--replies", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    wish = parser.parse_args()
    found = measure_fuzz(wish.replies, seed=wish.seed)
    print(json.dumps(found), flush=True)
    return int(
        any(found[f"bar1_fuzz_{name}"] for name in ("uncaught", "oracle_rejects", "truncated_accepted"))
    )


if __name__ == "__main__":
    sys.exit(main())
