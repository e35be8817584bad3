"""Take the photos of every lot: a drawn vehicle on real ground, through a cheap camera."""

from __future__ import annotations

import io
import random
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from examples.auction.lots import Auction, Lot
from examples.auction.scenes import PHOTOS, scene
from examples.auction.vehicles import shadow_of, vehicle

_SIZES: Final = ((640, 420), (640, 480), (600, 450), (720, 480))
_TAKEN: Final = {"crockery": "coffee.jpg", "print": "rocket.jpg"}
_ALIKE: Final = 0.74
"""Above this correlation of tiny copies two photos look alike, and one is taken again."""


def photo_name(lot: Lot, index: int) -> str:
    """Return the file name of a lot's photo."""
    return f"{lot.number}-{index + 1}.jpg"


def photograph(auction: Auction) -> dict[str, bytes]:
    """Return every photo of the site as JPEG, by file name.

    No two look alike, except a lent photo and its copy: smaller, brighter and encoded again.
    """
    sharp: dict[str, Image.Image] = {}
    seen: list[NDArray[np.float64]] = []
    for lot in sorted(auction.lots, key=lambda lot: lot.number):
        rng = random.Random(f"photos {auction.seed} {lot.number}")
        for index in range(lot.photos):
            if not _is_borrowed(lot, index):
                sharp[photo_name(lot, index)] = _unlike(lot, seen, rng)
    by_number = {lot.number: lot for lot in auction.lots}
    files: dict[str, bytes] = {}
    for lot in auction.lots:
        for index in range(lot.photos):
            name = photo_name(lot, index)
            if lot.borrowed_from is not None and _is_borrowed(lot, index):
                files[name] = _copy(sharp[photo_name(by_number[lot.borrowed_from], 0)])
            elif lot.blurred_photo == index:
                files[name] = _jpeg(sharp[name].filter(ImageFilter.GaussianBlur(5)), 82)
            else:
                files[name] = _jpeg(sharp[name], 84)
    return files


def _is_borrowed(lot: Lot, index: int) -> bool:
    return lot.borrowed_from is not None and index == lot.photos - 1


def _unlike(lot: Lot, seen: list[NDArray[np.float64]], rng: random.Random) -> Image.Image:
    """Take photos until one looks like none before; remember it."""
    while True:
        taken = _take(lot, rng)
        tiny = _tiny(taken)
        if all(float((tiny * other).mean()) < _ALIKE for other in seen):
            seen.append(tiny)
            return _noisy(taken, rng)


def _tiny(picture: Image.Image) -> NDArray[np.float64]:
    small = np.asarray(picture.convert("L").resize((16, 16), Image.Resampling.BOX), dtype=np.float64)
    flat: NDArray[np.float64] = (small - small.mean()) / (small.std() + 1e-6)
    return flat


def _take(lot: Lot, rng: random.Random) -> Image.Image:
    if lot.model.kind in _TAKEN:
        with Image.open(PHOTOS / _TAKEN[lot.model.kind]) as opened:
            return opened.convert("RGB")
    size = rng.choice(_SIZES)
    ground, horizon = scene(size, colour=lot.colour, rng=rng)
    picture = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8)).convert("RGBA")
    shade = lot.shade if lot.colour == lot.stated else lot.colour
    long = 0.86 if lot.is_truck else 0.62
    cutout = vehicle(lot.model.kind, shade, int(size[0] * rng.uniform(long - 0.2, long)), rng=rng)
    if rng.random() < 0.5:
        cutout = cutout.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    cutout = cutout.rotate(rng.uniform(-1.2, 1.2), Image.Resampling.BICUBIC)
    # There is room around the vehicle, as a photographer leaves it.
    left = int((size[0] - cutout.width) * rng.uniform(0.32, 0.68))
    foot = int(size[1] * min(0.94, horizon + rng.uniform(0.12, 0.3)))
    foot = max(foot, cutout.height + size[1] // 20)
    shadow = shadow_of(cutout)
    picture.alpha_composite(shadow, (max(0, left - 20), foot - shadow.height // 2 - 6))
    picture.alpha_composite(cutout, (left, foot - cutout.height))
    return picture.convert("RGB")


def _noisy(picture: Image.Image, rng: random.Random) -> Image.Image:
    pixels = np.asarray(picture, dtype=np.int16)
    noise = np.random.default_rng(rng.getrandbits(32)).integers(-4, 5, pixels.shape, dtype=np.int16)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def _copy(picture: Image.Image) -> bytes:
    """Return the photo as somebody saved it from another site."""
    smaller = picture.resize((int(picture.width * 0.8), int(picture.height * 0.8)), Image.Resampling.LANCZOS)
    return _jpeg(ImageEnhance.Brightness(smaller).enhance(1.06), 62)


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()
