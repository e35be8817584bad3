"""What an image's first bytes claim, before anything is decoded: each format, cut anywhere, lying or turned."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from agents.vision.decode import MAX_PIXELS, WORKING_SIDE, decode
from agents.vision.focus import sharpness
from agents.vision.hashes import HASH_DIGITS, dhash, distance, phash
from agents.vision.header import Header, read_header
from contracts.errors import AttemptFailed

FORMATS: list[Any] = ["JPEG", "PNG", "WEBP", "GIF", "BMP"]
SIZES = st.tuples(st.integers(1, 300), st.integers(1, 300))


def encoded(size: tuple[int, int], kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(out, kind, **options)
    return out.getvalue()


def code_of(data: bytes) -> str:
    """Return the code bytes are refused with; empty where they are an image."""
    try:
        decode(data)
    except AttemptFailed as exc:
        return exc.code
    return ""


@settings(max_examples=40, deadline=None)
@given(SIZES, st.sampled_from(FORMATS))
def test_a_size_is_read_from_the_header_alone(size: tuple[int, int], kind: Any) -> None:
    data = encoded(size, kind)
    assert read_header(data) == Header(kind, *size)
    assert read_header(data[: len(data) // 2 + 700]) == Header(kind, *size)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_header_cut_at_any_byte_is_read_in_full_or_not_at_all(kind: Any) -> None:
    data = encoded((70, 50), kind)
    for end in range(min(len(data), 900)):
        assert read_header(data[:end]) in {None, Header(kind, 70, 50)}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_cut_at_any_place_is_a_failure_with_a_code(kind: Any) -> None:
    data = encoded((40, 30), kind)
    ends = {*range(0, len(data), max(1, len(data) // 25)), len(data) - 1}
    assert {code_of(data[:end]) for end in ends} <= {"", "vision.not_an_image", "vision.broken_image"}
    assert {code_of(data[: len(data) * part // 10]) for part in range(5)} > {"vision.broken_image"}


def jpeg_frame(*, width: int, height: int, marker: int = 0xC0, before: bytes = b"") -> bytes:
    frame = struct.pack(">HBHHB", 17, 8, height, width, 3) + b"\x01\x11\x00" * 3
    return b"\xff\xd8\xff\xe0\x00\x04ab" + before + b"\xff" + bytes([marker]) + frame + b"\xff\xd9"


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (jpeg_frame(width=3, height=4), (3, 4)),
        (jpeg_frame(width=3, height=4, marker=0xC2), (3, 4)),
        (jpeg_frame(width=65535, height=65535), (65535, 65535)),
        (jpeg_frame(width=3, height=4, before=b"\xff\xff\xff\xff"), (3, 4)),
        (jpeg_frame(width=3, height=4, before=b"\xff\xc4\x00\x02"), (3, 4)),
        (jpeg_frame(width=3, height=4, before=b"\xff\xd0\xff\xd1"), (3, 4)),
        (jpeg_frame(width=3, height=4, before=b"\xff\xe1\x00\x00"), (3, 4)),
    ],
)
def test_a_jpeg_is_walked_past_whatever_stands_before_its_frame(data: bytes, size: tuple[int, int]) -> None:
    assert read_header(data) == Header("JPEG", *size)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\xff\xff",
        b"\xff\xd8\xff\xe0\x00\x04ab\x00",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 4 + b"IDAT" + b"\0" * 20,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 4 + b"IHDR\0\0",
        b"GIF88a" + b"\x01\0\x01\0",
        b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 4,
        b"RIFF\0\0\0\0WAVEfmt " + b"\0" * 20,
        b"BM\0\0",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        b"%PDF-1.7",
        b"II*\0" + b"\0" * 40,
        b"\0\0\0\x1cftypavif" + b"\0" * 20,
    ],
)
def test_bytes_of_no_format_that_is_read_are_no_image(data: bytes) -> None:
    assert read_header(data) is None
    with pytest.raises(AttemptFailed) as caught:
        decode(data)
    assert caught.value.code == "vision.not_an_image"
    assert caught.value.hint


@settings(max_examples=60)
@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_a_claim_of_too_many_pixels_is_refused_whatever_its_shape(width: int, height: int) -> None:
    data = (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
    )
    with pytest.raises(AttemptFailed) as caught:
        decode(data)
    expected = (
        "not_an_image"
        if not width or not height
        else "too_many_pixels"
        if width * height > MAX_PIXELS
        else "broken_image"
    )
    assert caught.value.code == f"vision.{expected}"


def test_a_bitmap_that_stands_on_its_head_has_no_negative_height() -> None:
    data = bytearray(encoded((5, 7), "BMP"))
    struct.pack_into("<i", data, 22, -7)
    assert read_header(bytes(data)) == Header("BMP", 5, 7)
    found = decode(bytes(data))
    assert (found.width, found.height) == (5, 7)


@pytest.mark.parametrize(
    ("size", "looked_at"),
    [((2048, 64), (WORKING_SIDE, 32)), ((50, 3000), (17, WORKING_SIDE)), ((9, 9), (9, 9))],
)
def test_a_picture_is_looked_at_small_enough_and_never_enlarged(
    size: tuple[int, int], looked_at: tuple[int, int]
) -> None:
    found = decode(encoded(size, "PNG"))
    assert (found.width, found.height) == size
    assert found.picture.size == looked_at


CORNER = [[(255, 0, 0), (0, 255, 0), (0, 0, 255)], [(9, 9, 9), (99, 99, 99), (200, 200, 200)]]
"""Two rows, three columns, every pixel different."""


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_way_a_camera_can_be_held_gives_the_same_upright_picture(orientation: int) -> None:
    upright = np.array(CORNER, dtype=np.uint8)
    held: dict[int, Any] = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(held[orientation])).save(out, "PNG", exif=exif)
    found = decode(out.getvalue())
    assert (found.width, found.height) == (3, 2)
    assert np.array_equal(np.asarray(found.picture), upright)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_is_none_leaves_the_picture_as_it_is(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = decode(encoded((3, 2), "PNG", exif=exif))
    assert (found.width, found.height) == (3, 2)


PIXELS = st.integers(0, 2**32 - 1).map(
    lambda seed: Image.fromarray(np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8))
)


@settings(max_examples=30, deadline=None)
@given(PIXELS)
def test_hashes_have_their_digits_and_forget_size_and_a_little_light(picture: Image.Image) -> None:
    for hashed in (phash, dhash):
        own = hashed(picture)
        assert len(own) == HASH_DIGITS
        assert int(own, 16) >= 0
        assert distance(own, own) == 0
    big = picture.resize((320, 240), Image.Resampling.BICUBIC)
    lighter = big.point(lambda v: min(255, v + 6))
    assert distance(phash(big), phash(lighter)) <= 10


@settings(max_examples=30, deadline=None)
@given(PIXELS)
def test_a_mirror_turns_each_brightening_round(picture: Image.Image) -> None:
    mirrored = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert distance(dhash(picture), dhash(mirrored)) > 0
    assert sharpness(mirrored) == pytest.approx(sharpness(picture), rel=1e-3)
