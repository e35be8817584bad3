"""What a monitor is told: counts with bounded labels, in Prometheus's format, and nothing anybody wrote."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.chat import Timings, Usage
from providers.metered import ModelCall
from service.metrics import MAX_NAMES, Figure, Metrics
from tests.service.conftest import Opener
from tests.service.desk_at_hand import KEY, DeskAtHand

CALL = ModelCall(
    "default",
    "ok",
    Usage(900, 100, 850),
    Timings(total_ms=5400, ttft_ms=412.5, throughput_tok_s=19.9),
    usd=0.5,
)
LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\+?[0-9.e+-]+|\+Inf|NaN)')


def read(text: str) -> dict[str, float]:
    """Return samples, as strict as a scraper."""
    assert text.endswith("\n")
    found: dict[str, float] = {}
    typed: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in typed
            typed[name] = kind
        elif not line.startswith("# HELP "):
            sample = LINE.fullmatch(line)
            assert sample, line
            name = re.sub(r"_(bucket|sum|count)$", "", sample[1])
            assert typed.get(name) == "histogram" or sample[1] in typed, line
            key = line.rsplit(" ", 1)[0]
            assert key not in found
            found[key] = float(sample[3])
    return found


def test_calls_are_counted_by_model_and_outcome() -> None:
    metrics = Metrics()
    for outcome in ("ok", "ok", "provider.timeout"):
        metrics.observe(ModelCall("default", outcome))
    metrics.observe(ModelCall("small", "ok", tries=3))
    found = read(metrics.text())
    assert found['callsheet_model_calls_total{model="default",outcome="ok"}'] == 2
    assert found['callsheet_model_calls_total{model="default",outcome="provider.timeout"}'] == 1
    assert found['callsheet_model_tries_total{model="small"}'] == 3


def test_tokens_and_money_add_up() -> None:
    metrics = Metrics()
    metrics.observe(CALL)
    metrics.observe(CALL)
    found = read(metrics.text())
    names = ("prompt_tokens", "cached_tokens", "tokens_generated", "usd")
    assert [found[f'callsheet_model_{n}_total{{model="default"}}'] for n in names] == [1800, 1700, 200, 1]


def test_times_are_counted_up_to_each_bound() -> None:
    metrics = Metrics()
    for ms in (5, 5.1, 412, 10**9):
        metrics.observe(ModelCall("default", "ok", timings=Timings(ttft_ms=ms)))
    found = read(metrics.text())
    name = "callsheet_model_ttft_ms"
    counts = [
        found[f'{name}_bucket{{model="default",le="{le}"}}'] for le in ("5", "10", "250", "500", "+Inf")
    ]
    assert counts == [1, 2, 2, 3, 4]
    assert found[f'{name}_count{{model="default"}}'] == 4
    assert 'callsheet_model_load_duration_ms_count{model="default"}' not in found


@given(
    st.lists(
        st.builds(
            ModelCall,
            st.text(max_size=20),
            st.text(max_size=20),
            st.builds(Usage, *[st.integers(-5, 10**12)] * 3),
            st.builds(Timings, *[st.none() | st.floats() | st.integers(-5, 10**15)] * 6),
            usd=st.none() | st.floats(-1, 1e9),
        ),
        max_size=8,
    )
)
def test_whatever_is_observed_can_be_read(calls: list[ModelCall]) -> None:
    metrics = Metrics()
    for call in calls:
        metrics.observe(call)
    assert sum(v for k, v in read(metrics.text()).items() if "calls_total" in k) == len(calls)


def test_labels_stay_few_whatever_comes() -> None:
    metrics = Metrics()
    for number in range(3 * MAX_NAMES):
        metrics.observe(ModelCall(f"m{number}", f"Bearer sk-{number}"))
        metrics.observe(ModelCall("default", f"code.c{'x' * number}"[:40]))
    found = read(metrics.text())
    assert len({re.findall('model="([^"]*)"', k)[0] for k in found}) == MAX_NAMES + 1
    assert not any("sk-" in key for key in found)


def test_a_figure_stands_with_each_value_of_its_label() -> None:
    each = Figure("callsheet_runs", "Runs.", "gauge", {"queued": 2, "active": 1}, "place")
    found = read(Metrics().text([each, Figure("callsheet_up", "Up.", "gauge", 1)]))
    assert found['callsheet_runs{place="queued"}'] == 2
    assert found["callsheet_up"] == 1


async def test_the_service_answers_in_the_text_format(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.metrics.observe(CALL)
    answer = await client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert read(answer.text)['callsheet_model_calls_total{model="default",outcome="ok"}'] == 1


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"Authorization": f"Bearer {KEY}"}, 200)])
async def test_metrics_stand_behind_the_key(talk: Opener, headers: dict[str, Any], status: int) -> None:
    async with talk({"api_key": KEY}) as client:
        assert (await client.get("/metrics", headers=headers)).status_code == status
