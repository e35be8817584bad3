"""The generated photos: plain to the eye, deterministic, and misleading only on purpose."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from examples.auction.lots import COLOURS, Auction, Lot, choose
from examples.auction.photos import photo_name, photograph
from examples.auction.scenes import scene
from examples.auction.shapes import SHAPES
from examples.auction.vehicles import shadow_of, vehicle
from examples.auction.words import describe, shade_of

SEED = 23


@pytest.fixture(scope="module")
def auction() -> Auction:
    return choose(SEED)


@pytest.fixture(scope="module")
def files(auction: Auction) -> dict[str, bytes]:
    return photograph(auction)


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as found:
        return found.convert("RGB")


def grey(picture: Image.Image) -> NDArray[np.float64]:
    return np.asarray(picture.convert("L").resize((32, 32), Image.Resampling.BOX), dtype=np.float64)


def paint_of(colour: str) -> NDArray[np.float64]:
    """Return the colour that most of a drawn body has."""
    cutout = np.asarray(vehicle("generator", colour, 200, rng=random.Random(1)), dtype=np.float64)
    return np.asarray(np.median(cutout[20:90, 25:120, :3].reshape(-1, 3), axis=0))


@pytest.mark.parametrize("colour", COLOURS)
def test_no_scene_has_the_colour_of_what_stands_in_it(colour: str) -> None:
    paint = paint_of(colour)
    for seed in range(25):
        ground, horizon = scene((320, 240), colour=colour, rng=random.Random(seed))
        cut = int(240 * horizon)
        for part in (ground[: cut - 4], ground[cut + 4 :]):
            usual = np.median(part.reshape(-1, 3), axis=0)
            assert np.linalg.norm(usual - paint) > 40


@pytest.mark.parametrize("seed", range(8))
def test_a_scene_is_its_seeds_own_and_fills_the_photo(seed: int) -> None:
    one, horizon = scene((200, 140), colour="red", rng=random.Random(seed))
    two, _ = scene((200, 140), colour="red", rng=random.Random(seed))
    assert one.shape == (140, 200, 3)
    assert np.array_equal(one, two)
    assert 0.4 < horizon < 0.7
    assert np.isfinite(one).all()


@pytest.mark.parametrize("kind", SHAPES)
def test_a_vehicle_shows_its_paint_more_than_anything_else(kind: str) -> None:
    cutout = np.asarray(vehicle(kind, "red", 300, rng=random.Random(2)))
    solid = cutout[cutout[..., 3] > 200][:, :3].astype(int)
    reddish = (solid[:, 0] > 90) & (solid[:, 0] > 2 * solid[:, 1])
    assert reddish.mean() > 0.3


def test_a_shade_without_a_paint_of_its_own_takes_its_last_words() -> None:
    one, two = (vehicle("trailer", shade, 120, rng=random.Random(3)) for shade in ("bright red", "red"))
    assert one.tobytes() == two.tobytes()


def test_a_shadow_is_wider_than_what_throws_it_and_never_solid() -> None:
    cutout = vehicle("pickup truck", "blue", 240, rng=random.Random(4))
    shadow = shadow_of(cutout)
    assert shadow.width > cutout.width
    assert 20 < np.asarray(shadow)[..., 3].max() < 200


def test_one_photo_per_truck_is_blurred_where_the_answer_says_so(
    auction: Auction, files: dict[str, bytes]
) -> None:
    for lot in auction.lots:
        change = [np.abs(np.diff(np.asarray(opened(files[photo_name(lot, i)]).convert("L"), dtype=np.int16))).mean()
                  for i in range(lot.photos)]  # fmt: skip
        assert [c < 2.5 for c in change] == [i == lot.blurred_photo for i in range(lot.photos)]


def test_a_borrowed_photo_is_a_smaller_brighter_copy(auction: Auction, files: dict[str, bytes]) -> None:
    by_number = {lot.number: lot for lot in auction.lots}
    (borrower,) = (lot for lot in auction.lots if lot.borrowed_from is not None)
    lender = by_number[borrower.borrowed_from or 0]
    copy, original = (
        opened(files[photo_name(borrower, borrower.photos - 1)]),
        opened(files[photo_name(lender, 0)]),
    )
    assert copy.width == int(original.width * 0.8)
    assert grey(copy).mean() > grey(original).mean()
    assert np.corrcoef(grey(copy).ravel(), grey(original).ravel())[0, 1] > 0.99


def test_no_two_other_photos_look_alike(auction: Auction, files: dict[str, bytes]) -> None:
    borrowed = {photo_name(lot, lot.photos - 1) for lot in auction.lots if lot.borrowed_from is not None}
    tiny = [grey(opened(data)).ravel() for name, data in files.items() if name not in borrowed]
    alike = np.corrcoef(np.stack(tiny)) - np.eye(len(tiny))
    assert alike.max() < 0.9


def test_a_truck_leaves_room_around_it(auction: Auction, files: dict[str, bytes]) -> None:
    """Paint of a saturated colour never reaches the photo's edge."""
    for lot in filter(is_bright_truck, auction.lots):
        pixels = np.asarray(opened(files[photo_name(lot, 0)]), dtype=np.float64)
        rim = np.concatenate([pixels[2], pixels[:, 2], pixels[:, -3]])
        assert (np.linalg.norm(rim - paint_of(lot.colour), axis=-1) < 25).mean() < 0.02


def is_bright_truck(lot: Lot) -> bool:
    return lot.is_truck and lot.colour in {"red", "orange", "yellow", "blue"} and lot.shade == lot.colour


@pytest.mark.parametrize("colour", COLOURS)
def test_a_shade_ends_in_its_plain_colour(colour: str) -> None:
    assert {shade_of(colour, rng=random.Random(i)).split()[-1] for i in range(20)} == {colour}


@pytest.mark.parametrize("kind", SHAPES)
def test_a_description_says_the_shade_once(kind: str) -> None:
    text = describe(kind, "dark green", 123_450, rng=random.Random(6))
    assert text.isascii()
    assert text.count("dark green") == 1
    assert ("123,450 miles" in text) == kind.endswith(" truck")
