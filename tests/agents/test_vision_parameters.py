"""What the vision agent is given: bad parameters by field, and fingerprints that nobody made."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.vision.duplicates import find_duplicates
from agents.vision.inputs import MAX_IMAGES, MAX_ITEMS, read_inputs, read_prints
from contracts.errors import InvalidInput


@pytest.mark.parametrize(
    ("inputs", "where"),
    [
        ({}, "inputs"),
        ({"op": "look"}, "op"),
        ({"op": "duplicates"}, "inputs"),
        ({"op": "duplicates", "images": []}, "inputs"),
        ({"op": "duplicates", "items": [], "text": "x"}, "inputs"),
        ({"images": [], "items": []}, "inputs"),
        ({"images": "a.jpg"}, "images"),
        ({"images": [""]}, "images/0"),
        ({"images": [None]}, "images/0"),
        ({"images": [7]}, "images/0"),
        ({"images": [{"alt": "x"}]}, "images/0"),
        ({"images": [{"url": 7}]}, "images/0"),
        ({"images": ["a"] * (MAX_IMAGES + 1)}, "images"),
        ({"images": [], "text": "x" * 200_001}, "text"),
        ({"images": [], "text": 7}, "text"),
        ({"images": [], "stated_colour": "x" * 201}, "stated_colour"),
        ({"images": [], "stated_colour": ["red"]}, "stated_colour"),
        ({"op": "duplicates", "items": {}}, "items"),
        ({"op": "duplicates", "items": [None] * (MAX_ITEMS + 1)}, "items"),
        ({"images": [], "model": "x"}, "model"),
    ],
)
def test_a_bad_parameter_is_refused_with_its_field(inputs: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_inputs(inputs)
    assert caught.value.code == "vision.bad_input"
    assert "/".join(caught.value.where.split("/")[:2]) == where
    assert len(caught.value.message) < 600


def test_a_parameter_that_is_null_counts_as_absent() -> None:
    given_ = read_inputs({"op": None, "images": ["a"], "text": None, "items": None, "ref": None})
    assert (given_.op, given_.images, given_.ref) == ("inspect", ["a"], None)


def test_an_image_may_carry_whatever_a_page_said_of_it() -> None:
    (image,) = read_inputs({"images": [{"url": "a", "alt": None, "width": 3}]}).images or []
    assert not isinstance(image, str)
    assert (image.url, image.alt) == ("a", None)


def image(**more: Any) -> dict[str, Any]:
    return {"url": "u", "phash": "0" * 16, "dhash": "0" * 16, "colours": [], "error": None} | more


@pytest.mark.parametrize(
    "item",
    [
        {},
        [],
        "x",
        7,
        {"images": None},
        {"images": {}},
        {"images": [None]},
        {"images": ["x"]},
        {"images": [{}]},
        {"images": [image(url=None)]},
        {"images": [image(phash="0" * 15)]},
        {"images": [image(phash="0" * 17)]},
        {"images": [image(phash="F" * 16)]},
        {"images": [image(phash="0x" + "0" * 14)]},
        {"images": [image(phash=0)]},
        {"images": [image()] * (MAX_IMAGES + 1)},
    ],
)
def test_what_inspect_never_gave_is_refused_with_its_place(item: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_prints([None, item])
    assert (caught.value.code, caught.value.where) == ("vision.bad_input", "items/1")


@pytest.mark.parametrize("share", [10**399, -1, 2, 1e308, True, None, "1", [1]])
def test_a_share_that_no_colour_can_have_is_left_out(share: Any) -> None:
    colours = [
        {"name": "red", "share": share},
        {"name": "blue", "share": 0.5},
        "x",
        {"share": 1},
        {"name": 1, "share": 1},
    ]
    (found,) = read_prints([{"images": [image(colours=colours)]}])
    assert found.colours in ({"blue": 0.5}, {"blue": 0.5, "red": 1.0})
    assert ("red" in found.colours) == (share is True)


@pytest.mark.parametrize("dhash", [None, "", "zz", 7, "F" * 16])
def test_a_second_hash_that_cannot_be_read_is_done_without(dhash: Any) -> None:
    (found,) = read_prints([{"images": [image(dhash=dhash)]}])
    assert found.dhash is None


JSON = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, -1, 0.5, 10**399, "", "u", "0" * 16, "red", "f" * 16]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["images", "url", "phash", "dhash", "colours", "name", "share", "error"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=120)
@given(st.lists(JSON | st.builds(lambda c: {"images": [image(colours=c, dhash=c)]}, JSON), max_size=4))
def test_any_items_are_compared_or_refused_by_code(items: list[Any]) -> None:
    with suppress(InvalidInput):
        found: Any = find_duplicates(read_prints(items), items=len(items))
        json.dumps(found, allow_nan=False)
        assert len(found["items"]) == len(items)


BITS = st.integers(0, 7).map(lambda n: f"{(1 << (8 * n)) - 1:016x}")


@settings(max_examples=60)
@given(st.lists(st.lists(BITS, max_size=3), max_size=5))
def test_being_reused_is_mutual_and_groups_hold_each_photo_once(listings: list[list[str]]) -> None:
    items: list[Any] = [
        {"images": [image(phash=h, dhash=h, url=f"{i}/{n}") for n, h in enumerate(hs)]}
        for i, hs in enumerate(listings)
    ]
    found: Any = find_duplicates(read_prints(items), items=len(items))
    for one in found["items"]:
        assert one["reused"] == bool(one["reused_with"])
        assert one["item"] not in one["reused_with"]
        assert all(one["item"] in found["items"][other]["reused_with"] for other in one["reused_with"])
    urls = [photo["url"] for group in found["groups"] for photo in group["images"]]
    assert len(urls) == len(set(urls))
    assert all(len({photo["item"] for photo in group["images"]}) > 1 for group in found["groups"])
