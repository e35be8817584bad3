"""What a text template names: single values, and lists with what is named of each of their elements."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_TAG: Final = re.compile(r"\{\{\s*(?P<block>[#/]\w+)?\s*(?P<path>[@\w.]*)")


@dataclass(frozen=True)
class Places:
    """The names in a template's places, each once, in their order."""

    names: list[str] = field(default_factory=list)
    """Outside any list."""
    lists: dict[str, list[str]] = field(default_factory=dict)
    """List -> names within it."""


def places_of(template: str) -> Places:
    """Return what a template names; of a path "a.b", "a"."""
    found = Places()
    inside: list[str] = []
    for match in _TAG.finditer(template):
        block, path = match["block"] or "", match["path"].removeprefix("@root.")
        name = path.removeprefix("this.").partition(".")[0]
        if block == "/each":
            inside = inside[:-1]
        if block.startswith("/") or name in {"", "else", "this"} or name.startswith("@"):
            continue
        if block == "#each":
            if not inside:
                found.lists.setdefault(name, [])
            inside.append(name)
            continue
        listed = found.lists[inside[0]] if inside else found.names
        if name not in listed and len(inside) < 2:
            listed.append(name)
    return found
