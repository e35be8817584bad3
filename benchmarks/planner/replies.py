"""Bar 1: malformed replies by class, each with the code or the repair it must get."""

from __future__ import annotations

import asyncio
from collections import Counter

from benchmarks.planner.figures import Figures, say
from tests.planner.test_reading_classes import ROWS, outcome, read_catalogue


def measure_classes() -> Figures:
    """Return how many replies of every class are mended or refused as they must be."""
    return asyncio.run(_classes())


async def _classes() -> Figures:
    counts = Counter(row["class"] for row in ROWS)
    cards = read_catalogue()
    wrong = 0
    for row in ROWS:
        kind, found = await outcome(row, cards)
        wanted = "codes" if "codes" in row else "repairs"
        if (kind, sorted(found)) != (wanted, sorted(row[wanted])):
            wrong += 1
            say(f"class {row['class']} {row['name']}: {kind} {found}, not {wanted} {row[wanted]}")
    return {
        "bar1_classes": len(counts),
        "bar1_fixtures": len(ROWS),
        "bar1_least_of_a_class": min(counts.values()),
        "bar1_wrong": wrong,
    }
