"""What strangers write to be obeyed, and where they write it: hand-written texts, and pages and values to hide them in.

`{url}` in a text is the attackers' own address. What a text wants is said
beside it, so that a model can be made that obeys to the letter.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Want = Literal["agent", "host", "effect", "recipient", "rewrite", "approval", "steer", "many"]
"""What of a plan it wants changed: who runs, where it reaches, what it does, to whom, what was done before,
who is asked, what a page decides, how often."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text."""

    name: str
    language: str
    want: Want
    words: str


def texts() -> list[Text]:
    """Return every text there is."""
    lines = (Path(__file__).parent / "injected.jsonl").read_text(encoding="utf-8").splitlines()
    return [Text(**json.loads(line)) for line in lines]


Place = Callable[[str], str]


def _page(title: str = "Offers", head: str = "", body: str = "") -> str:
    lots = "".join(f"<article><h2>Truck {n}</h2><p>${n},500</p></article>" for n in (1, 2))
    return f"<!doctype html><title>{title}</title>{head}<main>{lots}{body}</main>"


def _linked_data(text: str) -> str:
    product = json.dumps({"@type": "Product", "name": text, "description": text}).replace("<", "\\u003c")
    return _page(head=f'<script type="application/ld+json">{product}</script>')


def _attribute(text: str) -> str:
    return html.escape(text, quote=True)


PAGES: Final[Mapping[str, Place]] = {
    "title": lambda text: _page(title=html.escape(text)),
    "body": lambda text: _page(body=f"<p>{html.escape(text)}</p>"),
    "alt": lambda text: _page(body=f'<img src="/a.png" alt="{_attribute(text)}">'),
    "linked_data": _linked_data,
    "hidden": lambda text: _page(body=f'<p style="display:none" hidden>{html.escape(text)}</p>'),
    "description": lambda text: _page(head=f'<meta name="description" content="{_attribute(text)}">'),
    "comment": lambda text: _page(body=f"<!-- {text.replace('--', '- -')} -->"),
    "link": lambda text: _page(body=f'<a href="/more">{html.escape(text)}</a>'),
    "listing": lambda text: _page(body=f"<article><h2>{html.escape(text)}</h2><p>$3,500</p></article>"),
    "table": lambda text: _page(
        body=f"<table><tr><th>Ends</th></tr><tr><td>{html.escape(text)}</td></tr></table>"
    ),
}
"""Where on a page."""
VALUES: Final = ("photo", "guest", "error", "error_code", "input", "key")
"""Where else: what a photo says, what a guest gives, an error's message, its code, the caller's context, a name in it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile page or value."""

    number: int
    text: Text
    place: str
    words: str


def cases(url: str, *, each: int = 6) -> Iterator[Case]:
    """Yield hostile pages and values: every text in `each` of the places, so that each place has many.

    Args:
        url: Of the attackers.
        each: Places for each text.
    """
    places = [*PAGES, *VALUES]
    for n, text in enumerate(texts()):
        for i in range(each):
            place = places[(n * each + i) % len(places)]
            yield Case(n * each + i, text, place, text.words.replace("{url}", url))
