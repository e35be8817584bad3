"""Bytes to text, whatever the header, the page or nobody says of them."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.scrape.decoding import decode_page


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("€ ü".encode(), None, "€ ü"),
        ("€ ü".encode("cp1252"), None, "€ ü"),
        ("€ ü".encode("cp1252"), "iso-8859-1", "€ ü"),
        ("цена".encode("koi8-r"), "KOI8-R", "цена"),
        ("<meta charset=windows-1251>цена".encode("cp1251"), None, "<meta charset=windows-1251>цена"),
        ("<meta charset=utf-16>ü".encode(), None, "<meta charset=utf-16>ü"),
        (codecs.BOM_UTF8 + b"a", "utf-16", "a"),
        (codecs.BOM_UTF16_LE + "ü".encode("utf-16-le"), None, "ü"),
        ("値段".encode("shift_jis"), '"shift_jis"', "値段"),
        ("ü".encode(), "no-such-charset", "ü"),
        ("ü".encode(), "base64", "ü"),
        ("ü".encode(), "x" * 5000, "ü"),
        (b"+ADw-script+AD4-", "utf-7", "+ADw-script+AD4-"),
        (b"a\0b\xff", "utf-8", "ab\ufffd"),
    ],
)
def test_a_page_is_decoded_by_mark_then_header_then_claim(
    body: bytes, charset: str | None, text: str
) -> None:
    assert decode_page(body, charset=charset) == text


@given(
    body=st.binary(max_size=200),
    charset=st.none() | st.text(max_size=12) | st.sampled_from(["utf-16", "hz", "idna"]),
)
def test_any_bytes_decode_to_text_that_utf8_can_carry(body: bytes, charset: str | None) -> None:
    decode_page(body, charset=charset).encode("utf-8")
