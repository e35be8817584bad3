"""What a page points at is there, pictures included."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from tests.docs.pages import DOCS, EVERY_PAGE, ROOT, anchors_of, links_of

IMAGES = DOCS / "images"
MAX_IMAGE_BYTES = 250_000


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in links_of(page):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme in {"http", "https"}, link
            continue
        target = Path(os.path.normpath(page.parent / parts.path)) if parts.path else page
        assert target.is_relative_to(ROOT), f"{link} leads out of the project"
        assert target.exists(), f"{page.name}: {link}"
        if parts.fragment:
            assert parts.fragment in anchors_of(target), f"{page.name}: {link}"


def test_the_readme_leads_to_every_page() -> None:
    reached = {os.path.normpath(link.partition("#")[0]) for link in links_of(ROOT / "README.md")}
    pages = [p for p in DOCS.rglob("*.md") if p.parent.name != "decisions"]
    assert [str(p.relative_to(ROOT)) for p in pages if str(p.relative_to(ROOT)) not in reached] == []


@pytest.mark.parametrize("name", ["run.png", "run-dark.png"])
def test_a_screenshot_is_a_small_png(name: str) -> None:
    data = (IMAGES / name).read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(data) <= MAX_IMAGE_BYTES
    width, height = struct.unpack(">II", data[16:24])
    assert width >= 900
    assert height >= 600


def test_the_drawing_says_in_words_what_it_shows() -> None:
    drawing = ET.parse(IMAGES / "road.svg").getroot()
    parts = {child.tag.rpartition("}")[2]: child for child in drawing}
    assert parts["title"].text
    assert len(parts["desc"].text or "") > 100
    named = drawing.get("aria-labelledby", "").split()
    assert named == [parts["title"].get("id"), parts["desc"].get("id")]
