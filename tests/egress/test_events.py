"""An SDK never gets more of an answer to read at once than costs one short turn of the loop."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from contracts.errors import AttemptFailed
from egress.events import MAX_EVENT, MAX_LINES, MAX_WHOLE, Events


def fed(kind: str, body: bytes, *, cuts: list[int] | None = None) -> bool:
    """Say whether a body passes."""
    events = Events(kind)
    places = [0, *sorted(cuts or []), len(body)]
    try:
        for begin, end in pairwise(places):
            events.feed(body[begin:end])
    except AttemptFailed:
        return False
    return True


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("kind", ["text/event-stream; charset=utf-8", "", "text/plain, text/event-stream"])
def test_an_event_is_bounded_and_a_long_stream_of_them_is_not(kind: str, end: bytes) -> None:
    event = b"data: " + b"x" * (MAX_EVENT // 2) + end * 2
    assert fed(kind, event * 8)
    assert not fed(kind, b"data: " + b"x" * MAX_EVENT)
    assert not fed(kind, (b"data: " + b"x" * (MAX_EVENT // 2) + end) * 3)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_an_event_of_very_many_lines_is_refused(end: bytes) -> None:
    assert fed("text/event-stream", (b":" + end) * (MAX_LINES - 1) + end + b"data: x" + end * 2)
    assert not fed("text/event-stream", (b":" + end) * (MAX_LINES + 1))
    assert not fed("text/event-stream", end * (MAX_LINES + 1))


def test_each_line_of_a_stream_of_json_is_an_event() -> None:
    kind = "application/x-ndjson"
    assert fed(kind, b"{}\n" * (MAX_LINES * 3))
    assert fed(kind, (b"x" * (MAX_EVENT // 2) + b"\n") * 8)
    assert not fed(kind, b"x" * (MAX_EVENT + 1))


def test_an_answer_that_is_no_stream_is_bounded_as_a_whole() -> None:
    assert fed("application/json", b"\n" * MAX_WHOLE)
    assert not fed("application/json", b"\n" * (MAX_WHOLE + 1))


@pytest.mark.parametrize("seed", range(20))
def test_where_the_wire_cuts_an_answer_changes_nothing(seed: int) -> None:
    rng = random.Random(seed)
    parts = [b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"data: x", b"y" * 200_000]
    body = b"".join(rng.choices(parts, weights=[5, 5, 5, 1, 5, 1], k=4 * MAX_LINES))
    cuts = [rng.randrange(len(body) + 1) for _ in range(50)]
    kind = rng.choice(["text/event-stream", "application/x-ndjson"])
    assert fed(kind, body) == fed(kind, body, cuts=cuts)


def test_the_refusal_says_what_was_too_much() -> None:
    with pytest.raises(AttemptFailed, match="larger than") as caught:
        Events("").feed(b"x" * (MAX_EVENT + 1))
    assert caught.value.code == "egress.too_large"
