"""Turn bytes into an upright RGB picture, within bounds."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from agents.vision.header import Format, read_header
from contracts.errors import AttemptFailed

MAX_PIXELS: Final = 40_000_000
WORKING_SIDE: Final = 1024
"""Pixels; nothing here looks closer, so a larger JPEG is decoded smaller."""

_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TURNED: Final = frozenset({5, 6, 7, 8})
# A broken photo is told of in the reply; Pillow's word of it would only litter stderr.
warnings.filterwarnings("ignore", module=r"PIL\.")
# What Pillow's readers raise on bytes that break their format's rules.
_BROKEN: Final = (
    OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, SyntaxError, OverflowError,
    ZeroDivisionError, MemoryError, NotImplementedError, struct.error, Image.DecompressionBombError, Warning,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture as a viewer would see it."""

    picture: Image.Image
    """RGB, upright, its longer side at most `WORKING_SIDE`."""
    width: int
    """Of the original, upright, pixels."""
    height: int
    format: Format


def decode(data: bytes) -> Decoded:
    """Return the first frame of an image, upright, transparent parts white.

    Raises:
        AttemptFailed: `vision.not_an_image`, `vision.too_many_pixels`, `vision.broken_image`.
    """
    header = read_header(data)
    if header is None or not header.width or not header.height:
        raise AttemptFailed(
            "vision.not_an_image",
            f"{len(data)} bytes beginning {data[:12]!r} are no image",
            hint="Give a JPEG, PNG, WebP, GIF or BMP.",
        )
    _check_size(header.width, header.height)
    try:
        with Image.open(io.BytesIO(data), formats=[header.format]) as opened:
            return _upright(opened, header.format)
    except _BROKEN as exc:
        reason = str(exc)[:200]
        raise AttemptFailed(
            "vision.broken_image", f"a {header.format} that cannot be decoded: {reason!r}"
        ) from exc


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise AttemptFailed(
            "vision.too_many_pixels",
            f"an image of {width} x {height} pixels, at most {MAX_PIXELS} are decoded",
            hint="Give a smaller copy.",
            data={"width": width, "height": height, "max_pixels": MAX_PIXELS},
        )


def _upright(opened: Image.Image, kind: Format) -> Decoded:
    width, height = opened.size
    _check_size(width, height)  # a frame may be larger than its header said
    turn = _orientation(opened)
    opened.draft("RGB", (WORKING_SIDE, WORKING_SIDE))
    picture = _rgb(opened)
    picture.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX, reducing_gap=None)
    if turn in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[turn])
    if turn in _TURNED:
        width, height = height, width
    return Decoded(picture, width, height, kind)


def _orientation(opened: Image.Image) -> int:
    """Return the EXIF orientation; broken EXIF in a good photo counts as none."""
    try:
        found = opened.getexif().get(_ORIENTATION)
    except _BROKEN:
        return 1
    return found if isinstance(found, int) else 1


def _rgb(opened: Image.Image) -> Image.Image:
    opened.load()
    if opened.mode.startswith("I"):  # 16 bits a pixel, which convert() would clip
        deep = np.asarray(opened).astype(np.uint32)
        return Image.fromarray((np.minimum(deep, 65535) >> 8).astype(np.uint8)).convert("RGB")
    if opened.has_transparency_data:
        clear = opened.convert("RGBA")
        ground = Image.new("RGBA", clear.size, "white")
        ground.alpha_composite(clear)
        return ground.convert("RGB")
    return opened.convert("RGB")
