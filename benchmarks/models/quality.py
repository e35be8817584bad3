"""How often a plan has exactly the right agents in the right order: by the model, by the rules, by both together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.models.figures import Figures, say
from contracts.card import AgentCard
from contracts.clock import Clock
from contracts.errors import CallsheetError
from contracts.planning_call import PlanningCall
from eval.planning.score import UNSUPPORTED, Planned, PlanScore, score_plan
from eval.planning.suite import Case, Half, read_suite
from eval.planning.summary import share
from planner.planner import ObjectivePlanner
from planner.validation import check
from providers.chat import ChatProvider
from service.cards import load_cards

SUITE: Final = Path(__file__).parents[1] / "planner" / "suite" / "objectives.jsonl"
EVERY: Final = 20
"""Objectives after which it says how far it is."""


async def measure_quality(
    model: ChatProvider, clock: Clock, *, half: Half = "unseen", most: int | None = None
) -> Figures:
    """Return the share of valid and of useful plans: of the model, of the rules, and of what ships.

    Args:
        model: The model; it writes sketches. What cannot be made of one, the rules plan.
        clock: For durations.
        half: Of the suite.
        most: Objectives at most; None for all.
    """
    cases = [case for case in read_suite(SUITE.read_bytes().splitlines()) if case.half == half][:most]
    cards = load_cards()
    calls: list[PlanningCall] = []
    planners = {
        "model": ObjectivePlanner(model, style="sketch", planning="model", on_call=calls.append),
        "rules": ObjectivePlanner(),
        "combined": ObjectivePlanner(model, style="sketch"),
    }
    scores: dict[str, list[PlanScore]] = {name: [] for name in planners}
    own: list[bool] = []
    for number, case in enumerate(cases, 1):
        for name, planner in planners.items():
            scores[name].append(score_plan(case, await planned(planner, case, cards, clock)))
        last = calls[-1] if calls else None
        own.append(is_useful(scores["model"][-1]) and last is not None and not is_unused(last))
        if number % EVERY == 0:
            say(f"{number} of {len(cases)} objectives")
    return {"bar3_objectives": len(cases)} | _figures(scores, calls, own)


def _figures(
    scores: Mapping[str, Sequence[PlanScore]], calls: Sequence[PlanningCall], own: Sequence[bool]
) -> Figures:
    by_model = scores["model"]
    return {
        "bar3_valid": share([s.is_valid for s in by_model]),
        "bar3_useful": _useful(by_model),
        "bar3_useful_without_fallback": share(own),
        "bar3_rules_valid": share([s.is_valid for s in scores["rules"]]),
        "bar3_rules_useful": _useful(scores["rules"]),
        "bar3_combined_valid": share([s.is_valid for s in scores["combined"]]),
        "bar3_combined_useful": _useful(scores["combined"]),
        "bar3_crashed": sum(s.is_crash for found in scores.values() for s in found),
        "bar3_fell_back": sum(map(is_unused, calls)),
        "bar3_tokens_per_sketch": _mean([c.usage.get("completion_tokens", 0) for c in calls]),
    }


def is_useful(score: PlanScore) -> bool:
    """Say whether a plan may run, has exactly the right agents, and each waits for those it should."""
    return score.is_valid and score.is_exact and score.order_kept == score.order_asked


def is_unused(call: PlanningCall) -> bool:
    """Say whether no plan came of a question; a refusal is an answer."""
    return bool(call.problems) or (bool(call.error_code) and call.error_code != UNSUPPORTED)


async def planned(planner: ObjectivePlanner, case: Case, cards: Sequence[AgentCard], clock: Clock) -> Planned:
    """Return what a planner makes of a case, and what the check says of it."""
    began = clock.monotonic()
    try:
        document = await planner.document(case.objective, inputs=case.inputs, cards=cards)
    except CallsheetError as exc:
        return Planned(None, code=exc.code, ms=1000 * (clock.monotonic() - began))
    except Exception as exc:  # noqa: BLE001  # a crash is what this counts; the suite goes on
        return Planned(None, code=type(exc).__name__, ms=1000 * (clock.monotonic() - began))
    ms = 1000 * (clock.monotonic() - began)
    return Planned(document, problems=tuple(p.code for p in check(document, cards)), ms=ms)


def _useful(scores: Sequence[PlanScore]) -> float | None:
    return share([is_useful(s) for s in scores])


def _mean(found: Sequence[object]) -> float | None:
    numbers = [n for n in found if isinstance(n, int | float)]
    return round(sum(numbers) / len(numbers), 1) if numbers else None
