"""The documentation as data: its files, fenced blocks, headings and links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = (ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(REFERENCE.glob("*.md")))
EVERY_PAGE = (*PAGES, *sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("decisions/*.md")))

_FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!\\)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_TAG = re.compile(r"\b(?:src|srcset|href)=\"([^\"\s]+)\"")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, the words behind it, its text."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int

    def option(self, name: str) -> str | None:
        """Return the value of `name=value` behind the language."""
        return next((w.removeprefix(f"{name}=") for w in self.words if w.startswith(f"{name}=")), None)


def blocks_of(page: Path) -> list[Block]:
    """Return a page's fenced blocks, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        language, *words = match[1].split() or [""]
        found.append(Block(language, tuple(words), match[2], text.count("\n", 0, match.start()) + 1))
    return found


def prose_of(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links_of(page: Path) -> list[str]:
    """Return where a page's links, images and sources lead."""
    prose = prose_of(page)
    return [*_LINK.findall(prose), *_TAG.findall(prose)]


def anchors_of(page: Path) -> set[str]:
    """Return the anchors GitHub gives a page's headings."""
    return {_anchor(heading) for heading in _HEADING.findall(prose_of(page))}


def section_of(page: Path, heading: str) -> str:
    """Return the text under a heading, up to the next of the same depth."""
    text = prose_of(page)
    at = text.index(f"\n{heading}\n") + len(heading) + 2
    depth = heading.partition(" ")[0]
    return text[at:].partition(f"\n{depth} ")[0]


def codes_in_tables(page: Path) -> list[str]:
    """Return what stands as code in the first cell of each table row, in order."""
    return re.findall(r"^\| `([^`]+)` \|", prose_of(page), re.MULTILINE)


def _anchor(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return kept.replace(" ", "-")
