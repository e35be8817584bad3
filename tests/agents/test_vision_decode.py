"""Images as the world sends them: turned, see-through, cut short, or lying about their size."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from agents.vision.decode import MAX_PIXELS, decode
from agents.vision.examine import examine
from agents.vision.header import Header, read_header
from contracts.errors import AttemptFailed
from examples.auction.scenes import PHOTOS

PICTURE = Image.effect_noise((90, 60), 60).convert("RGB")


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    head = struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" * 1000)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    )


def webp_claiming(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x30\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + size + b"\0" * 30


def code_of(data: bytes) -> str:
    with pytest.raises(AttemptFailed) as caught:
        decode(data)
    assert len(caught.value.message) < 600
    return caught.value.code


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_each_format_is_read_with_its_name_and_size(kind: str) -> None:
    data = encoded(PICTURE, kind)
    assert read_header(data) == Header(kind, 90, 60)  # type: ignore[arg-type]  # parametrize hides the literal
    found = decode(data)
    assert (found.format, found.width, found.height, found.picture.mode) == (kind, 90, 60, "RGB")


@pytest.mark.parametrize(
    "options", [{"lossless": True}, {"quality": 40}, {"exif": b"Exif\0\0", "quality": 40}]
)
def test_each_kind_of_webp_header_is_understood(options: dict[str, object]) -> None:
    assert read_header(encoded(PICTURE, "WEBP", **options)) == Header("WEBP", 90, 60)


def test_a_progressive_jpeg_with_metadata_is_read() -> None:
    data = encoded(PICTURE, "JPEG", progressive=True, comment=b"x" * 70_00, exif=Image.Exif())
    assert read_header(data) == Header("JPEG", 90, 60)


@pytest.mark.parametrize("data", [png_claiming(100_000, 100_000), webp_claiming(16_000_000, 10_000)])
def test_an_image_of_too_many_pixels_is_refused_by_its_header(data: bytes) -> None:
    assert code_of(data) == "vision.too_many_pixels"


def test_the_refusal_of_too_many_pixels_says_how_many() -> None:
    with pytest.raises(AttemptFailed) as caught:
        decode(png_claiming(100_000, 100_000))
    assert caught.value.data == {"width": 100_000, "height": 100_000, "max_pixels": MAX_PIXELS}


@pytest.mark.parametrize(
    "data",
    [b"", b"<!DOCTYPE html><h1>404</h1>", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8X", b"%PDF-1.7", b"BM",
     encoded(PICTURE, "TIFF"), png_claiming(0, 10), b"\x89PNG\r\n\x1a\n" + b"\0" * 40],
)  # fmt: skip
def test_bytes_that_are_no_image_are_refused(data: bytes) -> None:
    assert code_of(data) == "vision.not_an_image"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_an_image_cut_short_is_broken(kind: str) -> None:
    data = encoded(PICTURE, kind)
    assert code_of(data[: len(data) // 2]) == "vision.broken_image"


@settings(deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP"]), st.data())
def test_no_corruption_of_an_image_escapes_as_anything_but_a_failure(kind: str, data: st.DataObject) -> None:
    broken = bytearray(encoded(PICTURE, kind))
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(8, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = examine(bytes(broken))
    except AttemptFailed as exc:
        assert exc.code.startswith("vision.")  # noqa: PT017  # either outcome is right
    else:
        assert found.width * found.height <= MAX_PIXELS


@given(st.binary(max_size=200))
def test_a_header_is_read_or_not_but_never_raises(data: bytes) -> None:
    for magic in (
        b"",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"GIF89a",
        b"RIFF0000WEBPVP8 ",
        b"BM",
    ):
        header = read_header(magic + data)
        assert header is None or header.width >= 0


@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (90, 60)), (3, (90, 60)), (6, (60, 90)), (8, (60, 90))]
)
def test_a_photo_is_turned_upright(orientation: int, size: tuple[int, int]) -> None:
    picture = Image.new("RGB", (90, 60), "blue")
    picture.paste("red", (0, 0, 90, 12))
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = decode(encoded(picture, "PNG", exif=exif))
    assert (found.width, found.height) == found.picture.size == size
    red_at = {1: (45, 2), 3: (45, 57), 6: (57, 45), 8: (2, 45)}[orientation]
    assert found.picture.getpixel(red_at) == (255, 0, 0)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_in_a_good_photo_is_ignored() -> None:
    data = encoded(PICTURE, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert decode(data).width == 90


def test_what_is_transparent_is_seen_as_white() -> None:
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    assert decode(encoded(clear, "PNG")).picture.getpixel((20, 20)) == (255, 255, 255)


def test_only_the_first_frame_of_an_animation_is_seen() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data).picture.getpixel((5, 5)) == (254, 0, 0) or decode(data).picture.getpixel((5, 5)) == (
        255,
        0,
        0,
    )


def test_sixteen_bit_grey_keeps_its_range() -> None:
    deep = Image.fromarray(np.full((30, 30), 0x8000, dtype=np.uint16))
    assert decode(encoded(deep, "PNG")).picture.getpixel((3, 3)) == (128, 128, 128)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "CMYK"])
def test_every_mode_of_pixel_becomes_rgb(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert decode(encoded(PICTURE.convert(mode), kind)).picture.mode == "RGB"


def test_a_large_photo_is_looked_at_smaller_but_keeps_its_size() -> None:
    found = decode(encoded(PICTURE.resize((3000, 2000)), "JPEG"))
    assert (found.width, found.height) == (3000, 2000)
    assert max(found.picture.size) <= 1024


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (2, 3), (500, 1)])
def test_the_smallest_images_are_examined_too(size: tuple[int, int]) -> None:
    found = examine(encoded(Image.new("RGB", size, "red"), "PNG"))
    assert (found.width, found.height) == size
    assert found.palette.colours[0].name == "red"


def test_real_photos_are_examined_in_full() -> None:
    found = examine((PHOTOS / "coffee.jpg").read_bytes())
    assert (found.width, found.height, found.format, found.blurred) == (540, 360, "JPEG", False)
    assert len(found.phash) == len(found.dhash) == 16
