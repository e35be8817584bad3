from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import AttemptFailed
from egress.decode import Decoder, read_decoded


def packed(body: bytes, coding: str) -> bytes:
    match coding:
        case "gzip" | "x-gzip":
            return gzip.compress(body)
        case "deflate":
            return zlib.compress(body)
        case _:
            return body


def decoded(coding: str, pieces: list[bytes], *, limit: int = 1 << 20) -> bytes:
    decoder = Decoder(coding, limit)
    for piece in pieces:
        decoder.feed(piece)
    return decoder.finish()


@given(
    body=st.binary(max_size=5000),
    step=st.integers(1, 700),
    coding=st.sampled_from(["", "gzip", "x-gzip", "deflate"]),
)
def test_a_body_decodes_to_itself_however_it_is_cut(body: bytes, step: int, coding: str) -> None:
    raw = packed(body, coding)
    pieces = [raw[i : i + step] for i in range(0, len(raw), step)]
    assert decoded(coding, pieces) == body


@given(junk=st.binary(max_size=300), coding=st.sampled_from(["gzip", "deflate"]))
def test_junk_decodes_or_fails_by_a_code_and_never_otherwise(junk: bytes, coding: str) -> None:
    with suppress(AttemptFailed):
        assert len(decoded(coding, [junk], limit=10_000)) <= 10_000


def test_deflate_without_its_envelope_is_read_too() -> None:
    packer = zlib.compressobj(wbits=-15)
    assert decoded("deflate", [packer.compress(b"bare") + packer.flush()]) == b"bare"


def test_members_of_one_gzip_body_join_and_padding_after_them_is_dropped() -> None:
    raw = gzip.compress(b"one ") + gzip.compress(b"two") + b"\0" * 40
    assert decoded("gzip", [raw]) == b"one two"
    assert decoded("gzip", [raw[i : i + 1] for i in range(len(raw))]) == b"one two"


def test_a_compressed_body_cut_short_says_so() -> None:
    with pytest.raises(AttemptFailed, match="ends in the middle"):
        decoded("gzip", [gzip.compress(b"x" * 1000)[:-10]])


@pytest.mark.parametrize("coding", ["", "gzip", "deflate"])
def test_the_cap_is_exact_to_the_byte(coding: str) -> None:
    raw = packed(b"x" * 1000, coding)
    assert len(decoded(coding, [raw], limit=1000)) == 1000
    with pytest.raises(AttemptFailed, match="exceeds 999 bytes"):
        decoded(coding, [raw], limit=999)


async def test_an_empty_body_needs_no_envelope() -> None:
    async def nothing() -> AsyncIterator[bytes]:
        yield b""

    assert await read_decoded(nothing(), coding=" GZIP ", limit=1) == b""
