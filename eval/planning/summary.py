"""The scores of many plans in a few figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from eval.latency import quantile
from eval.planning.score import PlanScore


def summarize(scores: Sequence[PlanScore]) -> dict[str, Any]:
    """Return the figures of some scores; shares are null where there is nothing to share.

    Args:
        scores: At least one.
    """
    supported = [s for s in scores if s.case.is_supported]
    unsupported = [s for s in scores if not s.case.is_supported]
    times = [s.ms for s in scores]
    return {
        "objectives": len(scores),
        "agent_set_exact": share([s.is_exact for s in scores]),
        "agent_f1": mean([s.f1 for s in scores]),
        "order_kept": _ratio(sum(s.order_kept for s in scores), sum(s.order_asked for s in scores)),
        "order_pairs": sum(s.order_asked for s in scores),
        "valid": share([s.is_valid for s in scores]),
        "crashed": sum(s.is_crash for s in scores),
        "supported": len(supported),
        "supported_exact": share([s.is_exact for s in supported]),
        "supported_f1": mean([s.f1 for s in supported]),
        "supported_refused": share([s.is_refused for s in supported]),
        "unsupported": len(unsupported),
        "unsupported_refused": share([s.is_refused for s in unsupported]),
        "p50_ms": round(quantile(times, 0.5), 2),
        "p95_ms": round(quantile(times, 0.95), 2),
    }


def by_kind(scores: Sequence[PlanScore]) -> dict[str, tuple[int, float]]:
    """Return of each kind of objective how many there are, and the share with exactly the right agents."""
    found: dict[str, list[PlanScore]] = defaultdict(list)
    for score in scores:
        found[score.case.kind or "plain"].append(score)
    return {
        kind: (len(some), sum(s.is_exact for s in some) / len(some)) for kind, some in sorted(found.items())
    }


def share(claims: Sequence[bool]) -> float | None:
    """Return how many of some claims hold, of all."""
    return _ratio(sum(claims), len(claims))


def mean(values: Sequence[float]) -> float | None:
    """Return the mean, to four digits."""
    return _ratio(sum(values), len(values))


def _ratio(part: float, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
