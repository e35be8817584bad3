from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Unavailable
from service.sse import MAX_EVENT_BYTES, Sent, SseReader

STREAM = (
    'retry: 1000\n\n: ping\n\nid: 1\ndata: {"a":1}\n\nid: 2\r\ndata: é\r\ndata: two\r\n\r\ndata: three\n\n'
)
EVENTS = [Sent("1", '{"a":1}'), Sent("2", "é\ntwo"), Sent("2", "three")]


def test_events_are_read_and_all_else_is_passed_over() -> None:
    assert SseReader().feed(STREAM.encode()) == EVENTS


@given(st.lists(st.integers(1, 9), max_size=60))
def test_how_a_stream_is_cut_into_pieces_does_not_matter(sizes: list[int]) -> None:
    raw = STREAM.encode()
    reader = SseReader()
    found: list[Sent] = []
    for size in [*sizes, len(raw)]:
        found += reader.feed(raw[:size])
        raw = raw[size:]
    assert found == EVENTS


def test_what_is_no_utf8_is_read_all_the_same() -> None:
    assert SseReader().feed(b"data: \xff\n\n") == [Sent("", "\N{REPLACEMENT CHARACTER}")]


def test_an_id_with_a_null_in_it_is_not_taken() -> None:
    assert SseReader().feed(b"id: 7\nid: 8\x00\ndata: x\n\n") == [Sent("7", "x")]


@pytest.mark.parametrize("piece", [b"x" * 70_000, b"data: " + b"x" * 70_000 + b"\n"])
def test_an_event_without_an_end_is_refused(piece: bytes) -> None:
    reader = SseReader()
    pieces = [piece] * (MAX_EVENT_BYTES // len(piece) + 1)
    with pytest.raises(Unavailable) as raised:
        list(map(reader.feed, pieces))
    assert raised.value.code == "server.bad_stream"
