"""The next page of a list: what the page itself calls next, on the same host."""

from __future__ import annotations

import re
from typing import Final

from agents.scrape.links import Address
from agents.scrape.outline import Element, Outline

_ARROW: Final = r"(?:\u00bb|\u203a|\u2192|>|>>|\u00bb\u00bb)"
_NEXT_WORDS: Final = re.compile(
    r"^(?:(?:go to |show |view )?(?:the )?next(?: page| results?| \d+)?|older(?: posts| entries)?|nächste(?: seite)?"
    r"|weiter|vor|(?:page )?suivante?|siguiente(?: página)?|página siguiente|successiva|avanti|próxima(?: página)?"
    rf"|volgende|nästa|neste|næste|następna|{_ARROW})(?: ?(?:page|seite|{_ARROW}))*$",
    re.IGNORECASE,
)
_NEXT_NAME: Final = re.compile(r"(?:^|[\s_-])(?:next|nextpage|pagination__next|next-page)(?:$|[\s_-])")
_NOT_PAGES: Final = re.compile(r"slide|carousel|swiper|slick|gallery|post-?nav|calendar|month")


def next_page(outline: Outline, address: Address) -> str | None:
    """Return the URL of the next page, None on the last.

    `rel=next` comes first, then a link that says next, then one named next;
    numbers alone lead nowhere, for nothing tells a pager's from a price's.
    """
    for element in [*outline.by_tag["link"], *outline.by_tag["a"]]:
        if "next" in element.get("rel").lower().split() and (url := _usable(element, address)):
            return url
    links = [a for a in outline.by_tag["a"] if a.get("href") and not _NOT_PAGES.search(a.label)]
    for says in (_says_next, _is_named_next):
        for element in reversed(links):
            if says(outline, element) and (url := _usable(element, address)):
                return url
    return None


def _says_next(outline: Outline, element: Element) -> bool:
    text = outline.text(element)
    said = text or element.get("aria-label") or element.get("title")
    if not 0 < len(said) <= 40:
        return False
    alone = re.sub(r"[\s\u00a0]+", " ", said)
    return _NEXT_WORDS.match(alone) is not None and not _is_disabled(element)


def _is_named_next(outline: Outline, element: Element) -> bool:
    del outline
    names = f"{element.label} {element.parent.label if element.parent else ''}"
    return _NEXT_NAME.search(names) is not None and not _NOT_PAGES.search(names) and not _is_disabled(element)


def _is_disabled(element: Element) -> bool:
    parent = element.parent
    return (
        "disabled" in element.label
        or element.get("aria-disabled") == "true"
        or (parent is not None and "disabled" in parent.label)
    )


def _usable(element: Element, address: Address) -> str | None:
    url = address.resolve(element.get("href"))
    return (
        url
        if url and address.is_same_host(url) and url.partition("#")[0] != address.url.partition("#")[0]
        else None
    )
