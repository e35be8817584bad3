"""Long work says how far it is, quick work says nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.ticker import Ticker


class Hours:
    """A clock somebody turns."""

    seconds = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def test_quick_work_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    tell = Ticker(Hours())

    for done in range(100):
        tell("rows", done, 100)

    assert capsys.readouterr() == ("", "")


def test_long_work_says_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Hours()
    tell = Ticker(clock)

    for done in range(5):
        clock.seconds += 1.5
        tell("rows of trace", done * 1000, 5000)
    clock.seconds += 2
    tell("traces", 7, 0)

    assert capsys.readouterr().err.splitlines() == [
        "callsheet: 1,000 of 5,000 rows of trace",
        "callsheet: 3,000 of 5,000 rows of trace",
        "callsheet: 7 traces",
    ]
