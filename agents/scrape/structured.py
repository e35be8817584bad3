"""What a page says for machines: JSON-LD, however malformed, and microdata."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from agents.scrape.decoding import without_surrogates
from agents.scrape.outline import Element, Outline

MAX_NODES: Final = 20_000
MAX_DEPTH: Final = 24
MAX_STRING: Final = 5_000
MAX_ITEMS: Final = 200

_WRAPPING: Final = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)"
    r"|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)\s*;?\s*$"
)
_TRAILING_COMMA: Final = re.compile(r",(\s*[}\]])")
_BRACKET: Final = re.compile(r"[\[\]{}]")

Node = dict[str, Any]


def read_data_scripts(scripts: list[str]) -> tuple[list[Any], int]:
    """Return the JSON values of a page's data scripts, and how many could not be read."""
    found, unread = [], 0
    budget = [MAX_NODES]
    for script in scripts:
        try:
            found.append(_bounded(_load(script), budget, 0))
        except (ValueError, RecursionError):
            unread += 1
    return found, unread


def _load(script: str) -> Any:
    text = _WRAPPING.sub("", _WRAPPING.sub("", script)).strip().rstrip(";")
    if _too_deep(text):
        raise ValueError("nested too deep")
    attempts = (text, _TRAILING_COMMA.sub(r"\1", text), html.unescape(text))
    for attempt in attempts[:-1]:
        try:
            return _decode(attempt)
        except ValueError:
            continue
    return _decode(attempts[-1])


def _decode(text: str) -> Any:
    value, end = json.JSONDecoder(strict=False, parse_constant=lambda _: None).raw_decode(text)
    rest = text[end:].strip(" \t\r\n;,}]")
    if rest:
        raise ValueError("more than one value")
    return value


def _too_deep(text: str) -> bool:
    """Count brackets, in strings too: a page that deep is not worth telling apart."""
    depth = 0
    for bracket in _BRACKET.findall(text):
        depth += 1 if bracket in "[{" else -1
        if depth > 200:
            return True
    return False


def _bounded(value: Any, budget: list[int], depth: int) -> Any:
    """Return the value cut to `MAX_DEPTH`, `MAX_STRING` and the nodes left in the budget."""
    budget[0] -= 1
    if budget[0] < 0 or depth > MAX_DEPTH:
        return None
    if isinstance(value, str):
        return without_surrogates(value[:MAX_STRING])
    if isinstance(value, float) and value - value != 0:
        return None
    if isinstance(value, int) and abs(value) >= 2**63:
        return float(value) if abs(value) < 10**300 else None
    if isinstance(value, list):
        return [_bounded(v, budget, depth + 1) for v in value[: max(budget[0], 0)]]
    if isinstance(value, dict):
        return {
            without_surrogates(k[:200]): _bounded(v, budget, depth + 1)
            for k, v in list(value.items())[: max(budget[0], 0)]
        }
    return value


def nodes_of(values: Any, depth: int = 0) -> Iterator[Node]:
    """Yield every JSON-LD object at the top, in lists and in graphs, as a schema.org node."""
    if isinstance(values, list) and depth <= 4:
        for value in values:
            yield from nodes_of(value, depth + 1)
    elif isinstance(values, dict):
        yield values
        for name in ("@graph", "mainEntity", "mainEntityOfPage"):
            if isinstance(values.get(name), list | dict) and depth <= 4:
                yield from nodes_of(values[name], depth + 1)


def types_of(node: Node) -> set[str]:
    """Return a node's types without vocabulary, lower case."""
    given = node.get("@type", ())
    given = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    return {str(t).rstrip("/").rpartition("/")[2].lower() for t in given[:20]}


def microdata_of(outline: Outline) -> list[Node]:
    """Return the page's microdata items as nodes shaped like JSON-LD."""
    items: dict[int, Node] = {}
    tops: list[Node] = []
    for element in outline.elements:
        if "itemscope" not in element.attributes and not element.get("itemprop"):
            continue
        owner = next((items[a.start] for a in element.ancestors() if a.start in items), None)
        if "itemscope" in element.attributes and len(items) < MAX_ITEMS:
            node: Node = {"@type": element.get("itemtype").split(" ")[0]}
            items[element.start] = node
            value: Any = node
            if not element.get("itemprop"):
                tops.append(node)
        else:
            value = _property_value(outline, element)
        if owner is not None:
            for name in element.get("itemprop").split()[:5]:
                _add(owner, name, value)
    return tops


def _add(owner: Node, name: str, value: Any) -> None:
    if name not in owner:
        if len(owner) < 100:
            owner[name] = value
    elif isinstance(owner[name], list):
        if len(owner[name]) < 100:
            owner[name].append(value)
    else:
        owner[name] = [owner[name], value]


def _property_value(outline: Outline, element: Element) -> str:
    for name in ("content", "datetime", "href", "src", "value"):
        if element.get(name):
            return element.get(name)[:MAX_STRING]
    return outline.text(element)[:MAX_STRING]
