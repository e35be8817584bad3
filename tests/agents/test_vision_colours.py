"""Colours in photos and colours in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from agents.vision.colour_words import colour_in_text, colours_agree, plain_colour
from agents.vision.colours import Palette, palette
from agents.vision.examine import Photo, seen_colour
from agents.vision.focus import BLURRED_BELOW, sharpness
from agents.vision.perception import NAMES, plain_name
from examples.auction.scenes import PHOTOS

REAL = sorted(PHOTOS.glob("*.jpg"))


def photo(name: str) -> Image.Image:
    with Image.open(PHOTOS / f"{name}.jpg") as opened:
        return opened.convert("RGB")


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((20, 20, 22), "black"), ((245, 245, 240), "white"), ((120, 120, 120), "grey"), ((192, 192, 196), "silver"),
        ((200, 20, 20), "red"), ((110, 10, 15), "red"), ((240, 130, 20), "orange"), ((240, 210, 30), "yellow"),
        ((20, 120, 40), "green"), ((10, 60, 30), "green"), ((30, 70, 180), "blue"), ((15, 25, 80), "blue"),
        ((135, 180, 230), "blue"), ((110, 40, 140), "purple"), ((110, 70, 40), "brown"), ((220, 205, 170), "beige"),
        ((240, 150, 180), "pink"), ((0, 128, 128), "green"), ((128, 0, 0), "red"),
    ],
)  # fmt: skip
def test_a_colour_has_the_name_people_give_it(rgb: tuple[int, int, int], name: str) -> None:
    assert plain_name(rgb) == name


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_every_colour_has_a_plain_name(rgb: tuple[int, int, int]) -> None:
    assert plain_name(rgb) in NAMES


@pytest.mark.parametrize(("name", "subject"), [("coffee", "red"), ("camera", "black")])
def test_the_subject_of_a_real_photo_is_told_from_its_place(name: str, subject: str) -> None:
    assert palette(photo(name)).subject == subject


@pytest.mark.parametrize("name", ["gravel", "brick", "grass"])
def test_a_photo_of_mere_ground_has_no_subject(name: str) -> None:
    assert palette(photo(name)).subject is None


@pytest.mark.parametrize("colour", ["red", "blue", "yellow", "white", "black", "green"])
@pytest.mark.parametrize("ground", ["gravel", "grass", "brick", "rocket"])
def test_a_thing_on_real_ground_has_its_own_colour(colour: str, ground: str) -> None:
    picture = photo(ground).resize((480, 360))
    ImageDraw.Draw(picture).rounded_rectangle((120, 130, 380, 260), 20, fill=colour)
    assert palette(picture).subject == colour


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_shares_are_sorted_and_add_up_to_the_photo(path: object) -> None:
    shares = [colour.share for colour in palette(photo(path.stem)).colours]  # type: ignore[attr-defined]  # a Path
    assert shares == sorted(shares, reverse=True)
    assert 0.9 <= sum(shares) <= 1.01


def test_the_hex_of_a_colour_is_the_mean_of_its_pixels() -> None:
    picture = Image.new("RGB", (60, 60), (200, 20, 20))
    (only,) = palette(picture).colours
    assert (only.name, only.hex, only.share) == ("red", "#c81414", 1.0)


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_a_real_photo_is_sharp_until_it_is_blurred(path: object) -> None:
    picture = photo(path.stem)  # type: ignore[attr-defined]  # a Path
    assert sharpness(picture) > BLURRED_BELOW > sharpness(picture.filter(ImageFilter.GaussianBlur(3)))


def test_sharpness_does_not_grow_with_size() -> None:
    picture = photo("coffee")
    larger = picture.resize((2160, 1440), Image.Resampling.LANCZOS)
    assert sharpness(larger) < 1.2 * sharpness(picture.resize((512, 341), Image.Resampling.BOX))


def test_a_flat_colour_has_no_sharpness_at_all() -> None:
    assert sharpness(Image.new("RGB", (300, 200), "grey")) == 0.0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Finished in dark green, with grey cloth seats.", "green"),
        ("Cab and body are painted bright orange. Black leather.", "orange"),
        ("A tidy white example, one owner", "white"),
        ("White paper plates. Exterior color: Navy Blue; interior: tan", "blue"),
        ("Dunkelgrün lackiert, schwarze Sitze", "green"),
        ("Camion benne, couleur: bleu foncé", "blue"),
        ("Camioneta roja con asientos negros", "red"),
        ("Furgone bianco del 2011", "white"),
        ("Black or white, you choose", None),
        ("No colour is named here, but it is red-hot value on tired wheels", "red"),
        ("Nothing said", None),
        ("Scarred body, bored engine, Greyhound depot", None),
        ("", None),
    ],
)
def test_the_stated_colour_is_found_in_the_words(text: str, name: str | None) -> None:
    assert colour_in_text(text) == name


@pytest.mark.parametrize(
    ("phrase", "name"),
    [("Dark green", "green"), ("Silver grey", "grey"), ("black/white", None), ("Weiß", "white"), ("GRAPHITE", "grey"),
     ("Red and black", None), ("see photos", None), ("bleu clair métallisé", "blue"), ("", None)],
)  # fmt: skip
def test_a_colour_field_has_one_plain_name_or_none(phrase: str, name: str | None) -> None:
    assert plain_colour(phrase) == name


@pytest.mark.parametrize(
    ("stated", "seen", "agree"),
    [("red", "red", True), ("red", "blue", False), ("white", "black", False), ("silver", "grey", None),
     ("white", "silver", None), ("orange", "red", None), (None, "red", None), ("red", None, None),
     ("see photos", "red", None), ("yellow", "green", False)],
)  # fmt: skip
def test_agreement_is_unsure_where_people_would_be(
    stated: str | None, seen: str | None, agree: object
) -> None:
    assert colours_agree(stated, seen) is agree


@given(st.text(max_size=300))
def test_any_text_states_a_known_colour_or_none(text: str) -> None:
    assert colour_in_text(text) in {*NAMES, None}


def test_a_long_text_without_colours_is_read_in_bounded_time() -> None:
    assert colour_in_text("painted in dark dark dark " * 40_000) is None


def shown(colour: str | None, *, sharp: float = 900.0, certainty: float = 1.0) -> Photo:
    pixel = palette(Image.new("RGB", (9, 9)))
    return Photo(9, 9, "PNG", 99, Palette(pixel.colours, colour, certainty), sharp, "0" * 16, "0" * 16)


def test_photos_vote_on_the_colour_and_a_blurred_one_counts_half() -> None:
    assert seen_colour([shown("red"), shown("red"), shown("grey")]) == "red"
    assert seen_colour([shown("red"), shown("grey", sharp=3.0)]) == "red"
    assert seen_colour([shown("red"), shown("grey")]) is None
    assert seen_colour([shown(None)]) is None
    assert np.isfinite(shown("red").sharpness)


def test_a_certain_photo_outvotes_an_unsure_one() -> None:
    assert seen_colour([shown("grey", certainty=0.4), shown("white", certainty=0.9)]) == "white"
    assert seen_colour([shown(None), shown("white", certainty=0.3)]) == "white"
    assert seen_colour([]) is None
