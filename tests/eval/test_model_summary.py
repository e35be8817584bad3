"""Measured calls summed up and drawn."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from eval.models.calls import Call, Setting
from eval.models.picture import MAX_DOTS, MAX_ROWS, draw, figure, nice_step
from eval.models.running import Measured
from eval.models.summary import spread_of, summarize

ONE, TWO = Setting(model="one"), Setting(model="two", agents=2)
SVG = "{http://www.w3.org/2000/svg}"


def calls(setting: Setting, *ttft_ms: float) -> list[Call]:
    return [
        Call(setting=setting, agent=1, run=run, ttft_ms=ms, total_ms=10 * ms, tokens_generated=20)
        for run, ms in enumerate(ttft_ms, start=1)
    ]


def failed(setting: Setting) -> Call:
    return Call(setting=setting, agent=1, run=99, error_code="provider.timeout", total_ms=5000.0)


def texts(picture: str) -> list[str]:
    return ["".join(found.itertext()) for found in ET.fromstring(picture).iter(f"{SVG}text")]


def test_a_spread_has_mean_deviation_and_quantiles() -> None:
    found = spread_of([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (found.count, found.mean, found.p50, found.least, found.most) == (5, 3.0, 3.0, 1.0, 5.0)
    assert found.deviation == pytest.approx(1.5811, abs=1e-4)
    assert found.p90 == pytest.approx(4.6)
    assert spread_of([7.0]).deviation is None


def test_failed_calls_count_as_failed_and_as_nothing_else() -> None:
    measured = Measured([*calls(ONE, 100, 200), failed(ONE)], {ONE: 4.0})
    (row,) = summarize(measured)
    assert (row.calls, row.failed, dict(row.codes)) == (3, 1, {"provider.timeout": 1})
    assert row.metrics["total_ms"].most == 2000
    assert row.tokens_per_s == 10.0


def test_warm_ups_count_for_the_loading_alone() -> None:
    warm = Call(setting=ONE, agent=0, run=0, is_warmup=True, load_duration_ms=900.0, ttft_ms=5000.0)
    (row,) = summarize(Measured([warm, *calls(ONE, 100)]))
    assert row.metrics["load_duration_ms"].most == 900.0
    assert row.metrics["ttft_ms"].most == 100
    assert (row.calls, row.wall_s, row.tokens_per_s) == (1, None, None)


def test_what_no_call_could_tell_is_absent() -> None:
    (row,) = summarize(Measured(calls(ONE, 100)))
    assert "throughput_tok_s" not in row.metrics


def test_a_picture_names_each_setting_in_each_panel_and_what_failed() -> None:
    measured = Measured([*calls(ONE, 100, 150), *calls(TWO, 300), failed(TWO)])
    picture = draw(summarize(measured), measured.calls)
    said = texts(picture)
    assert said.count("one") == 2  # time to the first token, and of the whole answer
    assert said.count("agents 2") == 2
    assert said.count("1 of 2 failed") == 2
    assert "125 · 148" in said
    assert picture.count('class="dot"') == 6


def test_a_picture_holds_everything_within_its_frame() -> None:
    measured = Measured(calls(ONE, 0.2, 7, 99, 12345))
    picture = ET.fromstring(draw(summarize(measured), measured.calls))
    width, height = float(picture.get("width", 0)), float(picture.get("height", 0))
    for dot in picture.iter(f"{SVG}circle"):
        assert 0 < float(dot.get("cx", -1)) < width
        assert 0 < float(dot.get("cy", -1)) < height


def test_a_hostile_name_stays_text_in_the_picture() -> None:
    evil = Setting(model='<script>alert("&")</script>\x1b[2J')
    measured = Measured(calls(evil, 5))
    picture = draw(summarize(measured), measured.calls)
    assert "<script>" not in picture
    assert texts(picture).count('<script>alert("&")</script>?[2J') == 2


def test_pictures_of_many_settings_and_calls_stay_bounded() -> None:
    many = Measured([c for n in range(MAX_ROWS + 5) for c in calls(Setting(model=f"m{n}"), 5.0)])
    assert "The first 40 of 45 settings." in " ".join(texts(draw(summarize(many), many.calls)))
    dense = Measured(calls(ONE, *range(1, 5 * MAX_DOTS)))
    assert draw(summarize(dense), dense.calls).count('class="dot"') <= 2 * MAX_DOTS


def test_a_picture_of_nothing_says_so() -> None:
    assert "No call was answered." in texts(draw(summarize(Measured([failed(ONE)])), []))


@pytest.mark.parametrize(
    ("most", "step"), [(0, 1), (1, 0.2), (4.9, 1), (2000, 500), (2600, 1000), (0.03, 0.01), (5, 1)]
)
def test_grid_lines_stand_at_round_figures(most: float, step: float) -> None:
    assert nice_step(most) == pytest.approx(step)


@pytest.mark.parametrize(("value", "shown"), [(12345.6, "12,346"), (12.345, "12.3"), (0.0123, "0.0123")])
def test_a_figure_has_the_digits_that_tell_something(value: float, shown: str) -> None:
    assert figure(value) == shown
