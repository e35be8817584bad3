"""Several images that were looked at, sorted and bounded by what they measure."""

from __future__ import annotations

from typing import Any

import pytest

from agents.data.bounds import Budget
from agents.data.inputs import read_inputs
from agents.data.pipeline import run_steps
from planner.rules.plan import plan_by_rules
from service.cards import cards_at_hand

SEEN = [
    {
        "url": "a.jpg",
        "width": 800,
        "height": 600,
        "format": "JPEG",
        "bytes": 9,
        "sharpness": 3.0,
        "blurred": False,
    },
    {
        "url": "b.jpg",
        "width": 1600,
        "height": 200,
        "format": "JPEG",
        "bytes": 7,
        "sharpness": 1.0,
        "blurred": True,
    },
    {
        "url": "c.png",
        "width": 40,
        "height": 40,
        "format": "PNG",
        "bytes": 8,
        "sharpness": 2.0,
        "blurred": True,
    },
]


def planned(objective: str) -> list[Any]:
    subtasks = plan_by_rules(objective, inputs={}, cards=cards_at_hand())["subtasks"]
    assert isinstance(subtasks, list)
    return subtasks


@pytest.mark.parametrize(
    ("objective", "column", "expected"),
    [
        (
            "Inspect a.jpg, b.jpg and c.png, then list them sorted by width, widest first.",
            "url",
            "b.jpg a.jpg c.png",
        ),
        ("Regarde a.jpg, b.jpg et c.png, puis trie-les par largeur", "url", "c.png a.jpg b.jpg"),
        ("Sortiere a.jpg, b.jpg und c.png nach Schärfe, die schärfsten zuerst", "url", "a.jpg c.png b.jpg"),
        ("Sort a.jpg, b.jpg and c.png by file size", "url", "b.jpg c.png a.jpg"),
        ("Which of a.jpg, b.jpg, c.png are wider than 700 px?", "url", "a.jpg b.jpg"),
        ("¿Cuántas de a.jpg, b.jpg y c.png están borrosas?", "count", "2"),
    ],
)
def test_images_are_reckoned_by_what_they_measure(objective: str, column: str, expected: str) -> None:
    vision, data = planned(objective)
    assert data["bind"]["tables.images"] == {"key": vision["output_key"], "pointer": "/images"}
    inputs = read_inputs({"tables": {"images": SEEN}, "steps": data["bind"]["steps"]["literal"]})
    rows = run_steps(inputs.steps, inputs.tables, Budget())
    assert [str(row[column]) for row in rows] == expected.split()


@pytest.mark.parametrize(
    "objective",
    [
        "Which of a.jpg, b.jpg and c.png is the sharpest?",
        "Which one of a.jpg and b.jpg shows the largest dog?",
        "How large are a.jpg and b.jpg in pixels?",
        "Which of a.jpg, b.png is blurry?",
    ],
)
def test_what_an_image_shows_needs_no_work_on_rows(objective: str) -> None:
    assert [s["required_agent"] for s in planned(objective)] == ["vision"]
