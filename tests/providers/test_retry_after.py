from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contracts.errors import Unavailable
from providers.retry_after import LONGEST_S, asked_wait_s, read_retry_after

NOW = datetime(2026, 3, 4, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0", 0),
        (" 12 ", 12),
        ("1.5", 1.5),
        ("-3", 0),
        ("1e99", LONGEST_S),
        ("inf", LONGEST_S),
        ("Wed, 04 Mar 2026 16:00:30 GMT", 30),
        ("Wed, 04 Mar 2026 17:00:30 +0100", 30),
        ("Wednesday, 04-Mar-26 16:00:30 GMT", 30),
        ("Wed Mar  4 16:00:30 2026", 30),
        ("Wed, 04 Mar 2026 15:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_S),
    ],
)
def test_seconds_and_every_form_of_an_http_date_are_read(said: str, seconds: float) -> None:
    assert read_retry_after(said, now=NOW) == seconds


@pytest.mark.parametrize(
    "said", ["", "soon", "nan", "12 minutes", "Wed, 99 Foo 2026", "9" * 100, "\x00", "\u0661h"]
)
def test_what_is_no_wait_is_none(said: str) -> None:
    assert read_retry_after(said, now=NOW) is None


@pytest.mark.parametrize(
    ("facts", "seconds"),
    [
        ({"retry_after": "7"}, 7),
        ({"retry_after_s": 7}, 7),
        ({"retry_after_s": 3, "retry_after": "7"}, 3),
        ({"retry_after_s": True}, None),
        ({"retry_after": 7}, None),
        ({}, None),
    ],
)
def test_an_error_says_its_wait_in_seconds_or_by_its_header(
    facts: dict[str, object], seconds: float | None
) -> None:
    assert asked_wait_s(Unavailable("provider.rate_limited", "no", data=facts), now=NOW) == seconds
