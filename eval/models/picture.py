"""Measured calls drawn as SVG: for each figure one panel, for each setting one row of dots, its median a bar."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from eval.models.calls import METRICS, Call
from eval.models.summary import Row, answered

PANELS: Final = ("ttft_ms", "throughput_tok_s", "total_ms")
MAX_ROWS: Final = 40
MAX_DOTS: Final = 200
MAX_NAME: Final = 36
WIDTH: Final = 960
LEFT: Final = 330
RIGHT: Final = 790
TOP: Final = 64
PANEL_TOP: Final = 52
PANEL_GAP: Final = 34
ROW: Final = 40
STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#1b1f24}.title{font-size:17px;font-weight:600}"
    ".head{font-weight:600}.quiet{fill:#5b6470;font-size:12px}.bad{fill:#b42318;font-size:12px}"
    ".grid{stroke:#e3e7ec}.span{stroke:#9db4d0;stroke-width:2}.dot{fill:#3b76c4;fill-opacity:.45}"
    ".p50{stroke:#12396b;stroke-width:4}.p95{stroke:#d97706;stroke-width:2}"
)


def draw(rows: Sequence[Row], calls: Sequence[Call]) -> str:
    """Return the picture as an SVG document.

    Args:
        rows: What `summarize` gave; the first `MAX_ROWS` are drawn.
        calls: Those they were made of.
    """
    shown = rows[:MAX_ROWS]
    panels = [name for name in PANELS if any(name in row.metrics for row in shown)]
    parts: list[str] = []
    y = TOP
    for name in panels:
        parts.extend(_panel(name, shown, calls, y))
        y += PANEL_TOP + ROW * len(shown) + PANEL_GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" '
        f'role="img" aria-label="How fast the models answered">'
    )
    more = f" The first {MAX_ROWS} of {len(rows)} settings." if len(rows) > MAX_ROWS else ""
    told = f"Each dot is a call; dark bar: median; orange line: 95th percentile.{more}"
    return "\n".join(
        (
            head,
            f'<style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>',
            _text(16, 28, "How fast the models answered", "title"),
            _text(16, 48, told if panels else "No call was answered.", "quiet"),
            *parts,
            "</svg>\n",
        )
    )


def _panel(name: str, rows: Sequence[Row], calls: Sequence[Call], top: int) -> Iterator[str]:
    most = max((row.metrics[name].most for row in rows if name in row.metrics), default=0.0)
    step = nice_step(most)
    end = step * max(1, math.ceil(most / step))
    bottom = top + PANEL_TOP + ROW * len(rows)
    yield _text(16, top + 22, METRICS[name], "head")
    yield _text(RIGHT + 40, top + 42, "median · 95 %", "quiet")
    for tick in range(round(end / step) + 1):
        x = _at(tick * step, end)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top + PANEL_TOP - 4}" y2="{bottom}"/>'
        yield _text(x, top + 42, f"{tick * step:,g}", "quiet", anchor="middle")
    for number, row in enumerate(rows):
        yield from _row(name, row, answered(calls, row.setting, name), top + PANEL_TOP + ROW * number, end)


def _row(name: str, row: Row, samples: Sequence[float], top: int, end: float) -> Iterator[str]:
    middle = top + ROW // 2
    options = row.setting.options
    name_shown = row.setting.model
    if len(name_shown) > MAX_NAME:
        name_shown = name_shown[: MAX_NAME - 1] + "…"
    yield _text(16, middle + (-3 if options else 4), name_shown)
    yield _text(16, middle + 13, options, "quiet")
    if row.failed:
        yield _text(RIGHT + 40, middle + 14, f"{row.failed} of {row.calls} failed", "bad")
    spread = row.metrics.get(name)
    if spread is None:
        return
    low, high = _at(spread.least, end), _at(spread.most, end)
    yield f'<line class="span" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>'
    kept = samples[:: max(1, math.ceil(len(samples) / MAX_DOTS))]
    for number, sample in enumerate(kept):
        y = middle + (number % 3 - 1) * 5  # so that equal ones do not hide each other
        yield f'<circle class="dot" cx="{_at(sample, end):.1f}" cy="{y}" r="4"/>'
    for mark, value in (("p95", spread.p95), ("p50", spread.p50)):
        x = _at(value, end)
        yield f'<line class="{mark}" x1="{x:.1f}" x2="{x:.1f}" y1="{middle - 11}" y2="{middle + 11}"/>'
    yield _text(
        RIGHT + 40, middle + (-2 if row.failed else 4), f"{figure(spread.p50)} · {figure(spread.p95)}"
    )


def nice_step(most: float) -> float:
    """Return the distance of grid lines for an axis from 0 to `most`: 1, 2 or 5 times a power of ten."""
    if most <= 0:
        return 1.0
    rough = most / 5
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= rough * 0.999)


def figure(value: float) -> str:
    """Return a figure with as many digits as tell something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _at(value: float, end: float) -> float:
    return LEFT + (RIGHT - LEFT) * value / end


def _text(x: float, y: float, text: str, kind: str = "row", *, anchor: str = "start") -> str:
    clean = escape("".join(char if char.isprintable() else "?" for char in text))
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" class="{kind}">{clean}</text>'
