"""Templates in an objective, and the values for their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from planner.chaining.call import Call
from planner.rules.draft import Draft
from planner.rules.guest_names import TEMPLATE, Sense
from planner.rules.text import QUOTE_MARK, Text

if TYPE_CHECKING:
    from pydantic import JsonValue

_TEMPLATE: Final = re.compile(
    r"\b(?:templates?|mustache|placeholders?|platzhalter\w*|vorlagen?|textvorlage|serienbrief|plantillas?"
    r"|modele|gabarit|patron)\b"
)
_FILLS: Final = re.compile(
    r"\b(?:fill\w*|render\w*|use|using|apply|insert|put|merge|complete|populate|print|run|make|with|into"
    r"|through|full\w*|befull\w*|ausfull\w*|setze\w*|benutze|verwende|nutze|rellen\w*|complet\w*|usa|"
    r"utiliza|pon|rempli\w*|utilise\w*|insere\w*|mets|applique)\b"
)
_PLACE: Final = re.compile(r"\{\{\s*#?(?:each |if |unless )?([\w.]+)")
_PAIR: Final = r"\s*(?:=|:|is|as|being|ist|als|es|est|en|a|->)?\s*"


def template_calls(text: Text, draft: Draft) -> Iterator[Sense]:
    """Yield a call that fills the template a text has or speaks of."""
    written = next((q for q in (*text.quotes, *text.csvs) if "{{" in q), None)
    named = _TEMPLATE.search(text.folded)
    if written is None and not (named and _FILLS.search(text.folded)):
        return
    if (
        written is None
        and text.urls
        and not text.matches(
            r"\b(?:fill|render|vorlage|rellen|rempli|mustache|template (?:i|that i)|my template|supplied)"
        )
    ):
        return
    presets: dict[str, Any] = {"template": written} if written is not None else {}
    values = _values(text, written or "")
    if values:
        presets["values"] = values
    yield Call(draft.cards[TEMPLATE], named.start() if named else 0, presets), ()


def _values(text: Text, template: str) -> dict[str, JsonValue]:
    """Return what the text gives for a template's places: a JSON object, or "name Bob", "nombre = Anne"."""
    for value in text.values:
        if isinstance(value, dict):
            return value
    places = list(dict.fromkeys(_PLACE.findall(template)))
    found: dict[str, JsonValue] = {}
    outside = text.plain
    quotes = iter([q for q in text.quotes if q != template])
    for place in places:
        match = re.search(
            rf"(?<!\w){re.escape(place)}(?!\w)(?P<tie>{_PAIR})(?P<value>{QUOTE_MARK}|\w[\w.@-]*)",
            outside,
            re.IGNORECASE,
        )
        if match and (match["tie"].strip() or not match["value"][0].islower()):
            value = match["value"]
            found[place] = next(quotes, "") if value == QUOTE_MARK else value.rstrip(".,;")
    if places and not found:
        led = re.search(r"\b(?:with|mit|con|avec)\s+([^?!\n\ue000-\ue005]+?)[.?!\s]*$", outside)
        if (
            led
            and len(places) == 1
            and not re.search(
                r"\b(?:result|rows|values|lots|data|title|titles|page|it|them|werte|valores|valeurs)\b",
                led[1].lower(),
            )
        ):
            found[places[0]] = led[1].split()[-1]
    return found
