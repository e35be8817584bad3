"""Measured calls summed up by setting: mean, deviation, and what most and the unlucky saw."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from eval.latency import quantile
from eval.models.calls import METRICS, Call, Setting
from eval.models.running import Measured


class Spread(BaseModel):
    """How one figure varied."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int
    mean: float
    deviation: float | None
    """Of the sample; None for a single one."""
    least: float
    p50: float
    p90: float
    p95: float
    p99: float
    most: float


class Row(BaseModel):
    """One setting's calls."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    setting: Setting
    calls: int
    """Without warm-ups."""
    failed: int
    codes: Mapping[str, int]
    """Of what failed."""
    wall_s: float | None
    tokens_per_s: float | None
    """Of all agents together, by the wall."""
    metrics: Mapping[str, Spread]
    """By name; what no call could tell is absent."""


def spread_of(samples: Sequence[float]) -> Spread:
    """Return how samples vary; there is at least one."""
    return Spread(
        count=len(samples),
        mean=statistics.fmean(samples),
        deviation=statistics.stdev(samples) if len(samples) > 1 else None,
        least=min(samples),
        p50=quantile(samples, 0.5),
        p90=quantile(samples, 0.9),
        p95=quantile(samples, 0.95),
        p99=quantile(samples, 0.99),
        most=max(samples),
    )


def summarize(measured: Measured) -> tuple[Row, ...]:
    """Return one row for each setting that was called, in the order they were."""
    settings = dict.fromkeys(call.setting for call in measured.calls)
    return tuple(_row(setting, measured) for setting in settings)


def _row(setting: Setting, measured: Measured) -> Row:
    every = [call for call in measured.calls if call.setting == setting]
    calls = [call for call in every if not call.is_warmup]
    answered = [call for call in calls if not call.error_code]
    wall_s = measured.wall_s.get(setting)
    tokens = sum(call.tokens_generated or 0 for call in answered)
    found = {}
    for name in METRICS:
        # A model is loaded once, before the calls that count
        asked = every if name == "load_duration_ms" else answered
        samples = [float(v) for call in asked if (v := getattr(call, name)) is not None]
        if samples:
            found[name] = spread_of(samples)
    return Row(
        setting=setting,
        calls=len(calls),
        failed=len(calls) - len(answered),
        codes=Counter(call.error_code for call in calls if call.error_code),
        wall_s=wall_s,
        tokens_per_s=tokens / wall_s if wall_s and tokens else None,
        metrics=found,
    )


def answered(calls: Sequence[Call], setting: Setting, metric: str) -> list[float]:
    """Return what a setting's calls took that count, in the order they ended."""
    counted = [c for c in calls if c.setting == setting and not c.is_warmup and not c.error_code]
    return [float(v) for call in counted if (v := getattr(call, metric)) is not None]
