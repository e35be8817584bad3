"""Draw a vehicle from its side: body, shading, glass, wheels."""

from __future__ import annotations

import random
from typing import Final

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from examples.auction.shapes import SHAPES, Shape

_PAINT: Final = {
    "red": (186, 28, 30),
    "dark red": (136, 18, 24),
    "blue": (34, 78, 172),
    "dark blue": (24, 44, 118),
    "light blue": (70, 132, 206),
    "green": (36, 128, 62),
    "dark green": (18, 84, 44),
    "yellow": (232, 196, 32),
    "white": (238, 238, 234),
    "black": (26, 26, 28),
    "orange": (232, 112, 22),
}
_SCALE: Final = 2
_GLASS: Final = (52, 64, 74, 255)
_DARK: Final = (24, 24, 26, 255)
_STEEL: Final = (150, 152, 156, 255)


def vehicle(kind: str, shade: str, length: int, *, rng: random.Random) -> Image.Image:
    """Return a cut-out of a vehicle, `length` pixels long, its wheels on the lower edge.

    Args:
        kind: One of `SHAPES`.
        shade: Its colour in words; the last word alone where the words are unknown.
        length: Pixels.
        rng: Draws the light on it.
    """
    shape = SHAPES[kind]
    size = (length * _SCALE, int(length * shape.height * _SCALE))
    paint = _PAINT.get(shade, _PAINT[shade.rsplit(maxsplit=1)[-1]])
    drawn = _painted(shape, size, paint, rng)
    pen = ImageDraw.Draw(drawn)
    for seam in shape.seams:
        pen.line(_points((seam[:2], seam[2:]), size), fill=(*(int(c * 0.62) for c in paint), 255), width=3)
    for pane in shape.glass:
        pen.polygon(_points(pane, size), fill=_GLASS)
        pen.line(_points((pane[0], pane[2]), size), fill=(120, 138, 150, 255), width=5)
    front = _points(((0.955, 0.42),), size)[0]
    pen.ellipse(
        (front[0], front[1], front[0] + size[0] // 40, front[1] + size[0] // 34), fill=(250, 244, 214, 255)
    )
    for x, radius in shape.wheels:
        _wheel(pen, x * size[0], size[1], radius * size[0])
    return drawn.resize((length, int(length * shape.height)), Image.Resampling.LANCZOS)


def _painted(
    shape: Shape, size: tuple[int, int], paint: tuple[int, int, int], rng: random.Random
) -> Image.Image:
    """Fill the body: lighter above, darker below, with a band of reflected sky."""
    mask = Image.new("L", size)
    pen = ImageDraw.Draw(mask)
    for polygon in shape.body:
        pen.polygon(_points(polygon, size), fill=255)
    down = np.linspace(1.1, 0.78, size[1])
    glint = 1 + 0.16 * np.exp(-(((np.linspace(0, 1, size[1]) - rng.uniform(0.45, 0.6)) / 0.035) ** 2))
    column = np.clip(np.array(paint) * (down * glint)[:, None] + 4, 0, 255).astype(np.uint8)
    drawn = Image.fromarray(column[:, None, :]).resize(size).convert("RGBA")
    drawn.putalpha(mask)
    under = Image.new("RGBA", size)
    under_pen = ImageDraw.Draw(under)
    for polygon in shape.dark:
        under_pen.polygon(_points(polygon, size), fill=_DARK)
    under.alpha_composite(drawn)
    return under


def _wheel(pen: ImageDraw.ImageDraw, x: float, ground: float, radius: float) -> None:
    middle = ground - radius
    for share, fill in ((1.0, _DARK), (0.58, _STEEL), (0.46, (96, 98, 102, 255)), (0.16, _STEEL)):
        r = radius * share
        pen.ellipse((x - r, middle - r, x + r, middle + r), fill=fill)


def _points(shape: tuple[tuple[float, ...], ...], size: tuple[int, int]) -> list[tuple[float, float]]:
    return [(point[0] * size[0], (1 - point[1]) * size[1]) for point in shape]


def shadow_of(cutout: Image.Image) -> Image.Image:
    """Return the soft dark patch a cut-out throws on the ground under it."""
    width, height = cutout.size
    flat = cutout.getchannel("A").resize((width, max(8, height // 5)))
    patch = Image.new("L", (width + 40, flat.height + 40))
    patch.paste(flat, (20, 20))
    soft = ImageChops.multiply(patch, Image.new("L", patch.size, 150)).filter(ImageFilter.GaussianBlur(9))
    shadow = Image.new("RGBA", patch.size, (12, 12, 14, 0))
    shadow.putalpha(soft)
    return shadow
