"""Telling a thing's paint from its trim, its shadow and the place where it stands."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from agents.vision.colours import palette
from agents.vision.perception import to_lab
from agents.vision.place import standing_out
from agents.vision.regions import per_region, regions
from agents.vision.subject import subject_of
from examples.auction.scenes import texture

WHITE, SILVER, GREY, BLACK, RED = (
    (240, 240, 236),
    (196, 197, 200),
    (120, 121, 123),
    (24, 24, 26),
    (180, 24, 28),
)
Rgb = tuple[int, int, int]
Box = tuple[int, int, int, int]


def ground(tint: Rgb, size: tuple[int, int] = (96, 64)) -> Image.Image:
    """Return real gravel, tinted."""
    rough = texture("gravel")[: size[1] * 2 : 2, : size[0] * 2 : 2]
    return Image.fromarray(np.clip(rough[..., None] * np.array(tint), 0, 255).astype(np.uint8))


def truck(picture: Image.Image, paint: Rgb, *, left: int = 18, top: int = 22) -> Image.Image:
    """Draw body, glass, tyres and a shadow."""
    pen = ImageDraw.Draw(picture, "RGBA")
    pen.ellipse((left - 2, top + 22, left + 62, top + 31), fill=(10, 10, 12, 140))
    pen.rectangle((left, top + 8, left + 60, top + 23), fill=paint)
    pen.rectangle((left + 32, top, left + 50, top + 8), fill=paint)
    for x in (34, 42):
        pen.rectangle((left + x, top + 2, left + x + 6, top + 8), fill=(52, 64, 74))
    for x in (8, 42):
        pen.ellipse((left + x, top + 18, left + x + 11, top + 29), fill=BLACK)
        pen.ellipse((left + x + 3, top + 21, left + x + 8, top + 26), fill=(150, 152, 156))
    return picture


def lab_of(picture: Image.Image) -> NDArray[np.float32]:
    return to_lab(np.asarray(picture, dtype=np.uint8))


def seen(picture: Image.Image) -> str | None:
    return palette(picture).subject


@pytest.mark.parametrize(("paint", "name"), [(WHITE, "white"), (SILVER, "silver"), (GREY, "grey"), (BLACK, "black"),
                                             (RED, "red"), ((34, 78, 172), "blue")])  # fmt: skip
@pytest.mark.parametrize("tint", [(92, 110, 70), (160, 128, 98)], ids=["grass", "dirt"])
def test_paint_decides_and_not_glass_tyres_or_shadow(paint: Rgb, name: str, tint: Rgb) -> None:
    assert seen(truck(ground(tint), paint)) == name


@pytest.mark.parametrize(("paint", "name"), [(WHITE, "white"), (BLACK, "black"), (RED, "red")])
def test_paint_is_seen_out_of_focus_too(paint: Rgb, name: str) -> None:
    large = truck(ground((130, 124, 116)), paint).resize((640, 427), Image.Resampling.BICUBIC)
    assert seen(large.filter(ImageFilter.GaussianBlur(6))) == name


@pytest.mark.parametrize(("paint", "name"), [(WHITE, "white"), (BLACK, "black")])
@pytest.mark.parametrize("gate", [(4, 4, 26, 34), (66, 2, 90, 34)])
def test_a_dark_gate_beside_a_truck_is_not_its_colour(paint: Rgb, name: str, gate: Box) -> None:
    picture = ground((150, 160, 168))
    ImageDraw.Draw(picture).rectangle(gate, fill=(68, 72, 76))
    assert seen(truck(picture, paint)) == name


@pytest.mark.parametrize(("paint", "name"), [(WHITE, "white"), (BLACK, "black"), (RED, "red")])
def test_a_striped_wall_behind_a_truck_is_not_its_colour(paint: Rgb, name: str) -> None:
    picture = ground((140, 116, 90))
    pen = ImageDraw.Draw(picture)
    for x in range(0, 96, 4):
        pen.rectangle((x, 0, x + 1, 36), fill=(150, 165, 175))
        pen.rectangle((x + 2, 0, x + 3, 36), fill=(108, 118, 126))
    assert seen(truck(picture, paint)) == name


def test_a_truck_that_reaches_the_upper_edge_is_seen() -> None:
    assert seen(truck(ground((110, 130, 80)).crop((0, 20, 96, 64)), RED, top=0)) == "red"


@pytest.mark.parametrize("light", [0.65, 0.7, 0.8, 0.9, 1.0])
@pytest.mark.parametrize(("paint", "name"), [(WHITE, "white"), (SILVER, "silver")])
def test_white_and_silver_are_told_apart_in_dim_light_by_something_white(
    light: float, paint: Rgb, name: str
) -> None:
    picture = ground((96, 104, 84))
    ImageDraw.Draw(picture).rectangle((2, 2, 16, 14), fill=(246, 246, 244))
    dim = ImageEnhance.Brightness(truck(picture, paint)).enhance(light)
    assert seen(dim) == name


def test_a_grey_thing_in_the_dark_is_not_called_white() -> None:
    picture = truck(ground((96, 104, 84)), GREY)
    assert seen(ImageEnhance.Brightness(picture).enhance(0.6)) not in {"white", "silver"}


def test_white_whose_lower_half_lies_in_shade_is_white() -> None:
    picture = truck(ground((70, 90, 50)), WHITE)
    ImageDraw.Draw(picture).rectangle((18, 36, 78, 40), fill=(190, 190, 187))
    assert seen(picture) == "white"


@pytest.mark.parametrize("tint", [(150, 150, 150), (92, 110, 70), (30, 30, 32), (235, 235, 230)])
def test_nothing_stands_out_of_ground_alone(tint: Rgb) -> None:
    assert seen(ground(tint)) is None


def test_one_colour_all_over_has_no_subject() -> None:
    assert seen(Image.new("RGB", (200, 100), RED)) is None


def test_certainty_is_less_where_two_things_compete() -> None:
    alone = truck(ground((110, 130, 80)), RED)
    beside = alone.copy()
    ImageDraw.Draw(beside).rectangle((52, 20, 84, 48), fill=(34, 78, 172))
    assert 0 < palette(beside).certainty < palette(alone).certainty <= 1


@pytest.mark.parametrize("blur", [0, 2, 5])
def test_a_panel_is_one_region_sharp_or_not(blur: int) -> None:
    picture = Image.new("RGB", (480, 320), (92, 110, 70))
    ImageDraw.Draw(picture).rectangle((140, 90, 340, 230), fill=RED)
    small = picture.filter(ImageFilter.GaussianBlur(blur)).resize((96, 64), Image.Resampling.BOX)
    labels = regions(lab_of(small))
    assert len(set(labels[22:42, 32:64].ravel().tolist())) == 1
    assert labels[32, 48] != labels[4, 4]


def test_a_slow_fall_of_light_does_not_part_a_panel() -> None:
    fall = np.linspace(120, 150, 96).astype(np.uint8)
    labels = regions(to_lab(np.broadcast_to(fall[None, :, None], (64, 96, 3))))
    assert int(labels.max()) <= 3


@settings(max_examples=40, deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3))))
def test_regions_are_numbered_from_zero_and_hold_every_pixel(pixels: NDArray[np.uint8]) -> None:
    labels = regions(to_lab(pixels))
    assert labels.shape == pixels.shape[:2]
    assert sorted(set(labels.ravel().tolist())) == list(range(int(labels.max()) + 1))
    assert per_region(labels, np.ones(labels.shape)).sum() == labels.size


@settings(max_examples=40, deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3))))
def test_any_picture_has_a_subject_with_some_certainty_or_none(pixels: NDArray[np.uint8]) -> None:
    found = subject_of(to_lab(pixels))
    assert found is None or 0 < found.certainty <= 1


def test_pure_noise_is_joined_into_few_regions() -> None:
    noise = np.frombuffer(random.Random(3).randbytes(96 * 96 * 3), dtype=np.uint8).reshape(96, 96, 3)
    assert 1 < int(regions(to_lab(noise)).max()) < 200


def test_the_place_in_shade_does_not_stand_out() -> None:
    picture = Image.new("RGB", (96, 64), (150, 140, 130))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((20, 20, 40, 40), fill=(105, 98, 91))
    pen.rectangle((56, 20, 76, 40), fill=RED)
    lab = lab_of(picture)
    found = standing_out(lab, lab)
    assert found[30, 30] < 0.3
    assert found[30, 66] > 0.9
    assert found[2, 48] < 0.1


@pytest.mark.parametrize("turn", [Image.Transpose.FLIP_LEFT_RIGHT, None])
def test_a_mirrored_photo_shows_the_same_colour(turn: Image.Transpose | None) -> None:
    picture = truck(ground((92, 110, 70)), WHITE, left=24)
    assert seen(picture.transpose(turn) if turn is not None else picture) == "white"
