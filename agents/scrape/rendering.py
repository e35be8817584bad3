"""Whether a page's source looks as if a browser must run its scripts first, and why."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from agents.scrape.outline import Element, Outline
from agents.scrape.tidying import Tidied

LITTLE_TEXT: Final = 400
"""Characters of own text below which an empty mount point means an empty page."""

_ASKS: Final = re.compile(
    r"(?:enable|requires?|needs?|turn on|activate|without|aktivier|benötigt|activer|activez|nécessite|habilit|activa"
    r"|requiere|abilita|attiva|slå på).{0,60}javascript"
    r"|javascript.{0,60}(?:enabled?|required|disabled|needed|turned off|aktivier|deaktiviert|benötigt|activ|désactivé"
    r"|habilit|requer|abilita)",
    re.IGNORECASE,
)
_NOSCRIPT: Final = re.compile(r"<noscript[^>]{0,500}>(.{0,2000}?)</noscript", re.IGNORECASE | re.DOTALL)
_PLACEHOLDER: Final = re.compile(
    r"\{\{[^{}\n]{1,80}\}\}|\{%[^{}\n]{1,80}%\}|\$\{[\w.]{1,60}\}|<%[^%\n]{1,80}%>"
)
_LOADING: Final = re.compile(
    r"^(?:loading|please wait|wird geladen|chargement|cargando|laden|laddar)\b.{0,40}$", re.IGNORECASE
)
_MOUNTS: Final = frozenset({"div", "main", "section", "ul", "ol", "tbody", "table", "article"})


def browser_reason(tidied: Tidied, outline: Outline, *, has_listings: bool) -> str | None:
    """Return why a page needs a browser, None where its source says what it has to say."""
    if not tidied.scripts and not outline.by_tag["noscript"]:
        return None
    own = _own_text(outline)
    if len(_PLACEHOLDER.findall("\n".join(own))) >= 2:
        return "template placeholders in the text"
    if has_listings or sum(map(len, own)) >= LITTLE_TEXT:
        return None
    if _asks_for_javascript(tidied, own):
        return "the page says it requires JavaScript"
    return _emptiness(outline, own) if tidied.scripts else None


def _emptiness(outline: Outline, own: list[str]) -> str | None:
    if mount := _empty_mount(outline):
        return f"empty mount point {mount}"
    if any(_LOADING.match(line) for line in own):
        return "only a loading notice"
    return None if own else "scripts and no text"


def _own_text(outline: Outline) -> list[str]:
    around = [e for e in outline.elements if e.is_around and not (e.parent and e.parent.is_around)]
    return outline.lines_without(around)


def _asks_for_javascript(tidied: Tidied, own: list[str]) -> bool:
    notices = islice(_NOSCRIPT.finditer(tidied.html), 20)
    return any(_ASKS.search(text) for text in [*(m[1] for m in notices), *own])


def _empty_mount(outline: Outline) -> str | None:
    for element in outline.elements:
        if element.tag in _MOUNTS and not element.is_around and _is_empty(outline, element):
            name = element.get("id")
            if name:
                return f"#{name[:60]}"
    return None


def _is_empty(outline: Outline, element: Element) -> bool:
    if element.end - element.start > 12 or any(
        True for _ in outline.inside(element, "img", "a", "input", "form")
    ):
        return False
    text = outline.text(element)
    return not text or bool(_LOADING.match(text))
