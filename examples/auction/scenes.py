"""Where a vehicle stands: real ground and walls, in perspective, under a drawn sky."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.float32]
"""height x width x 3, linear enough, 0 to 255."""

PHOTOS: Final = Path(__file__).parent / "photos"

_GROUNDS: Final = {
    "gravel": ("gravel", (168, 160, 148)),
    "asphalt": ("gravel", (92, 94, 98)),
    "grass": ("grass", (112, 136, 74)),
    "paving": ("brick", (150, 140, 132)),
    "dirt": ("gravel", (160, 128, 98)),
}
_BACKDROPS: Final = {
    "sky": (176, 198, 224),
    "brick wall": (168, 96, 80),
    "metal shed": (126, 138, 146),
    "pale wall": (212, 206, 192),
    "trees": (58, 78, 48),
}
_UNFIT: Final = {  # too like the vehicle to tell them apart
    "red": {"brick wall"},
    "orange": {"brick wall", "dirt"},
    "green": {"grass", "trees"},
    "white": {"sky", "pale wall", "gravel"},
    "black": {"trees", "asphalt"},
    "blue": {"sky", "metal shed"},
    "yellow": set[str](),
}
_EXPOSED: Final = {"white": 0.82}
"""A camera set so that white paint does not burn out shows the rest darker."""


@cache
def texture(name: str) -> NDArray[np.float32]:
    """Return a committed grey texture, mean 1."""
    with Image.open(PHOTOS / f"{name}.jpg") as opened:
        grey = np.asarray(opened.convert("L"), dtype=np.float32)
    return grey / np.float32(grey.mean())


def scene(size: tuple[int, int], *, colour: str, rng: random.Random) -> tuple[Picture, float]:
    """Return a background and how far down its ground begins, in [0, 1].

    Args:
        size: Width and height, pixels.
        colour: Of what will stand there; the background never has it.
        rng: Draws the place.
    """
    width, height = size
    unfit = _UNFIT.get(colour, set())
    ground = rng.choice(sorted(set(_GROUNDS) - unfit))
    backdrop = rng.choice(sorted(set(_BACKDROPS) - unfit))
    horizon = rng.uniform(0.42, 0.68)
    cut = int(height * horizon)
    upper = _backdrop(backdrop, (width, cut), rng)
    lower = _ground(ground, (width, height - cut), rng)
    whole = np.concatenate([upper, lower]).astype(np.float32)
    return whole * _light(size, rng)[:, :, None] * np.float32(_EXPOSED.get(colour, 1.0)), horizon


def _ground(name: str, size: tuple[int, int], rng: random.Random) -> Picture:
    """Lay a texture flat: rows further away are further apart on the tile."""
    width, height = size
    tile_name, tint = _GROUNDS[name]
    tile = texture(tile_name)
    depth = 1.0 / (np.linspace(0.16, 1.0, height) + 0.12)
    across = (np.arange(width) - width * rng.uniform(0.3, 0.7))[None, :] * depth[:, None] * 0.62
    along = np.broadcast_to(depth[:, None] * rng.uniform(240, 420), across.shape)
    rows, columns = _wrap(along + rng.uniform(0, 300), tile.shape[0]), _wrap(across + 800, tile.shape[1])
    relief = 1 + (tile[rows, columns] - 1) * np.linspace(0.35, 0.9, height)[:, None]
    return _tinted(relief, tint, rng)


def _backdrop(name: str, size: tuple[int, int], rng: random.Random) -> Picture:
    width, height = size
    tint = _BACKDROPS[name]
    if name == "sky":
        return _sky(size, rng)
    if name == "brick wall":
        tile = texture("brick").T
        return _tinted(
            tile[
                np.ix_(
                    _wrap(np.arange(height) * 1.6, tile.shape[0]),
                    _wrap(np.arange(width) * 1.2, tile.shape[1]),
                )
            ],
            tint,
            rng,
        )
    if name == "metal shed":
        ribs = 1 + 0.16 * np.sign(np.sin(np.arange(width) / rng.uniform(3, 8)))
        return _with_door(_tinted(np.broadcast_to(ribs[None, :], (height, width)), tint, rng), rng)
    if name == "trees":
        return _trees(size, rng)
    rough = 1 + 0.25 * (
        texture("gravel")[np.ix_(_wrap(np.arange(height), 384), _wrap(np.arange(width), 384))] - 1
    )
    return _with_door(_tinted(rough, tint, rng), rng)


def _sky(size: tuple[int, int], rng: random.Random) -> Picture:
    width, height = size
    down = np.linspace(0, 1, height)[:, None, None]
    top, low = np.array((118, 160, 214)), np.array((214, 224, 232))
    clear = top * (1 - down) + low * down
    cloud = np.clip(_blotches(size, 5, rng) - 0.5, 0, 1)[:, :, None] * rng.uniform(0.4, 1.4)
    whole = clear * (1 - np.clip(cloud, 0, 1)) + np.array((240, 240, 238)) * np.clip(cloud, 0, 1)
    hill = height * (0.74 + 0.16 * _outline(width, 6, rng))
    land = np.arange(height)[:, None] > hill[None, :]
    return np.where(land[:, :, None], np.array((92, 110, 96)), whole).astype(np.float32)


def _trees(size: tuple[int, int], rng: random.Random) -> Picture:
    width, height = size
    whole = _sky(size, rng)
    crown = height * (0.35 + 0.3 * _outline(width, 14, rng))
    leaves = _tinted(
        texture("grass")[np.ix_(_wrap(np.arange(height), 384), _wrap(np.arange(width), 384))],
        (58, 78, 48),
        rng,
    )
    return np.where((np.arange(height)[:, None] > crown[None, :])[:, :, None], leaves, whole).astype(
        np.float32
    )


def _outline(width: int, points: int, rng: random.Random) -> NDArray[np.floating]:
    """Return a rounded skyline, -1 to 1."""
    drawn = np.interp(
        np.arange(width), np.linspace(0, width, points), [rng.uniform(-1, 1) for _ in range(points)]
    )
    span = max(3, width // points)
    return np.convolve(np.pad(drawn, span, mode="edge"), np.hanning(span) / np.hanning(span).sum(), "same")[
        span:-span
    ]


def _with_door(wall: Picture, rng: random.Random) -> Picture:
    """Put a dark gate and a lighter board somewhere, as yards have."""
    height, width = wall.shape[:2]
    left, wide = int(rng.uniform(0.07, 0.62) * width), int(rng.uniform(0.14, 0.3) * width)
    wall[int(height * rng.uniform(0.15, 0.5)) :, left : left + wide] *= rng.uniform(0.35, 0.6)
    top = int(height * rng.uniform(0.05, 0.3))
    other = int(rng.uniform(0, 0.8) * width)
    wall[top : top + height // 4, other : other + width // 6] *= rng.uniform(1.1, 1.25)
    return wall


def _light(size: tuple[int, int], rng: random.Random) -> NDArray[np.float32]:
    """Return the fall of light: brighter on one side, blotched by shade."""
    width, height = size
    side = np.linspace(-1, 1, width)[None, :] * rng.uniform(-0.22, 0.22)
    shade = (_blotches(size, 3, rng) - 0.5) * 0.3
    return (1 + side + shade + np.zeros((height, 1))).astype(np.float32)


def _blotches(size: tuple[int, int], cells: int, rng: random.Random) -> NDArray[np.float32]:
    coarse = np.array([[rng.random() for _ in range(cells + 2)] for _ in range(cells)], dtype=np.float32)
    smooth = Image.fromarray((coarse * 255).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float32) / np.float32(255)


def _tinted(relief: NDArray[np.floating], tint: tuple[int, int, int], rng: random.Random) -> Picture:
    shade = np.array(tint, dtype=np.float32) * rng.uniform(0.88, 1.1)
    return (relief[:, :, None] * shade).astype(np.float32)


def _wrap(at: NDArray[np.floating] | NDArray[np.integer], length: int) -> NDArray[np.intp]:
    """Fold coordinates back and forth over a tile, so that no seam shows."""
    folded = np.abs(np.mod(at, 2 * length - 2) - (length - 1))
    at_tile: NDArray[np.intp] = folded.astype(np.intp)
    return at_tile
