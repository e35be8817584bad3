"""Bar 4: the planner without a model on our suite of objectives, and on agents it knows by their cards only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.planner.figures import Figures
from contracts.card import AgentCard
from contracts.clock import Clock
from eval.planning.score import binds_exactly, score_plan, uses_rightly
from eval.planning.suite import Case, Half, read_suite
from eval.planning.summary import share, summarize
from service.cards import load_cards, read_card_file
from service.planbench_cli import plan_all

SUITE: Final = Path(__file__).parent / "suite"
TOLD: Final = ("objectives", "agent_set_exact", "agent_f1", "order_kept", "unsupported_refused")
"""Of the halves that are told beside the one that counts."""


def measure_objectives(clock: Clock) -> Figures:
    """Return the figures of the unseen half, of others beside it, and of novel agents."""
    cards = load_cards()
    cases = cases_in(SUITE / "objectives.jsonl")
    unseen = _half(cases, "unseen", cards, clock)
    later, fresh = (_half(cases_in(SUITE / f"{s}.jsonl"), "unseen", cards, clock) for s in ("later", "fresh"))
    seen = _half(cases, "seen", cards, clock)
    novel = measure_novel("novel", cards, clock)
    novel_later, novel_fresh = (
        measure_novel(name, cards, clock, half="unseen") for name in ("novel_later", "novel_fresh")
    )
    return {
        **{f"bar4_{name}": value for name, value in unseen.items()},
        **{f"bar4_seen_{name}": seen[name] for name in TOLD},
        **{f"bar4_later_{name}": later[name] for name in TOLD},
        **{f"bar4_fresh_{name}": fresh[name] for name in TOLD},
        **{f"bar4_novel_{name}": value for name, value in novel.items()},
        **{f"bar4_novel_later_{name}": value for name, value in novel_later.items()},
        **{f"bar4_novel_fresh_{name}": value for name, value in novel_fresh.items()},
    }


def measure_novel(
    name: str, cards: Sequence[AgentCard], clock: Clock, *, half: Half | None = None
) -> Figures:
    """Return how often an agent known only by its card is used rightly where it is needed.

    Args:
        name: Of the suite and, with `_cards`, of the folder of its cards.
        cards: Of the agents at hand beside.
        clock: Times the plans.
        half: Only these objectives; None for all.
    """
    novel = [read_card_file(path) for path in sorted((SUITE / f"{name}_cards").glob("*.json"))]
    known = [*cards, *novel]
    cases = [case for case in cases_in(SUITE / f"{name}.jsonl") if half in (None, case.half)]
    pairs = list(zip(cases, plan_all(cases, known, clock=clock), strict=True))
    return {
        "objectives": len(cases),
        "agents": len({case.needs for case in cases}),
        "used_rightly": share([uses_rightly(c, p, known) for c, p in pairs]),
        "bound_exactly": share([binds_exactly(c, p.document) for c, p in pairs]),
        "agent_set_exact": share([score_plan(c, p).is_exact for c, p in pairs]),
    }


def cases_in(path: Path) -> list[Case]:
    """Return the cases of a file."""
    return read_suite(path.read_bytes().splitlines())


def _half(cases: Sequence[Case], half: Half, cards: Sequence[AgentCard], clock: Clock) -> Figures:
    chosen = [case for case in cases if case.half == half]
    plans = plan_all(chosen, cards, clock=clock)
    return summarize([score_plan(case, planned) for case, planned in zip(chosen, plans, strict=True)])
