"""One picture saved twice is one picture; two pictures are two."""

from __future__ import annotations

import io
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from agents.vision.duplicates import Print, find_duplicates
from agents.vision.examine import examine
from agents.vision.hashes import distance, phash
from agents.vision.inputs import read_prints
from contracts.errors import InvalidInput
from examples.auction.lots import choose
from examples.auction.photos import photograph
from examples.auction.scenes import PHOTOS

REAL = ("chelsea", "coffee", "rocket", "camera", "brick", "gravel", "grass")


def photo(name: str) -> Image.Image:
    with Image.open(PHOTOS / f"{name}.jpg") as opened:
        return opened.convert("RGB")


def jpeg(picture: Image.Image, quality: int = 85) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def print_of(data: bytes, *, item: int, url: str = "u") -> Print:
    (found,) = read_prints([{"images": [{"url": url, **examine(data).as_json(), "error": None}]}])
    return Print(item, url, found.phash, found.dhash, found.colours)


def reused(*images: bytes) -> list[bool]:
    prints = [print_of(data, item=i) for i, data in enumerate(images)]
    answer: Any = find_duplicates(prints, items=len(images))
    return [item["reused"] for item in answer["items"]]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(REAL[:4]),
    st.integers(35, 95),
    st.floats(0.5, 1.6),
    st.floats(0.85, 1.15),
)
def test_a_picture_encoded_scaled_and_brightened_again_stays_the_same(
    name: str, quality: int, scale: float, light: float
) -> None:
    original = photo(name)
    again = original.resize((int(original.width * scale), int(original.height * scale)))
    assert reused(jpeg(original), jpeg(ImageEnhance.Brightness(again).enhance(light), quality)) == [
        True,
        True,
    ]


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(REAL, 2)])
def test_two_real_photos_are_never_one_picture(one: str, other: str) -> None:
    assert reused(jpeg(photo(one)), jpeg(photo(other))) == [False, False]


def test_no_two_generated_photos_are_one_picture_unless_borrowed() -> None:
    auction = choose(21)
    files = photograph(auction)
    prints = [print_of(data, item=i, url=name) for i, (name, data) in enumerate(sorted(files.items()))]
    answer: Any = find_duplicates(prints, items=len(prints))
    borrowers = [lot for lot in auction.lots if lot.borrowed_from is not None]
    assert [{i["url"] for i in group["images"]} for group in answer["groups"]] == [
        {f"{lot.borrowed_from}-1.jpg", f"{lot.number}-{lot.photos}.jpg"} for lot in borrowers
    ]


def test_blank_pictures_of_two_colours_are_two_pictures() -> None:
    red, blue = (jpeg(Image.new("RGB", (200, 150), colour)) for colour in ("red", "blue"))
    assert reused(red, blue) == [False, False]


def test_the_same_picture_twice_in_one_listing_is_not_reused() -> None:
    data = jpeg(photo("coffee"))
    prints = [print_of(data, item=0, url="a"), print_of(data, item=0, url="b")]
    assert find_duplicates(prints, items=1) == {
        "groups": [],
        "items": [{"item": 0, "reused": False, "reused_with": []}],
    }


def test_a_group_joins_every_listing_with_the_picture() -> None:
    coffee, rocket = jpeg(photo("coffee")), jpeg(photo("rocket"))
    prints = [print_of(data, item=i, url=str(i)) for i, data in enumerate([coffee, rocket, coffee, coffee])]
    answer: Any = find_duplicates(prints, items=5)
    assert answer["groups"] == [{"images": [{"item": i, "url": str(i)} for i in (0, 2, 3)]}]
    assert [item["reused_with"] for item in answer["items"]] == [[2, 3], [], [0, 3], [0, 2], []]


def test_hashes_differ_by_their_bits() -> None:
    assert distance("0000000000000000", "00000000000000ff") == 8
    assert distance(phash(photo("coffee")), phash(photo("rocket"))) > 16


def test_a_listing_without_photos_is_skipped_but_keeps_its_place() -> None:
    answer: Any = find_duplicates(read_prints([None, {"images": []}]), items=2)
    assert [item["item"] for item in answer["items"]] == [0, 1]


def test_an_image_that_failed_is_no_duplicate_of_another() -> None:
    failed: dict[str, Any] = {
        "url": "u",
        "phash": None,
        "error": {"code": "vision.not_an_image", "message": "no"},
    }
    assert read_prints([{"images": [failed]}, {"images": [failed]}]) == []


@pytest.mark.parametrize(
    "item",
    [7, "x", [], {}, {"images": None}, {"images": [3]}, {"images": [{"url": "u"}]}, {"images": [{}] * 65},
     {"images": [{"url": "u", "phash": "zz"}]}, {"images": [{"url": 3, "phash": "0" * 16}]}],
)  # fmt: skip
def test_an_item_that_was_never_inspected_is_named(item: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_prints([None, item])
    assert (caught.value.code, caught.value.where) == ("vision.bad_input", "items/1")


def test_more_photos_than_can_be_compared_are_refused() -> None:
    item: Any = {"images": [{"url": "u", "phash": "0" * 16, "error": None}] * 60}
    with pytest.raises(InvalidInput, match="at most 2000"):
        read_prints([item] * 40)


def test_hundreds_of_equal_photos_are_one_group() -> None:
    prints = [Print(i % 50, str(i), "f" * 16, "0" * 16, {"red": 1.0}) for i in range(800)]
    answer: Any = find_duplicates(prints, items=50)
    assert len(answer["groups"]) == 1
    assert answer["items"][7]["reused_with"] == [i for i in range(50) if i != 7]
