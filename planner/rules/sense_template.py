"""Templates in an objective, and the values for their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from planner.chaining.call import Call
from planner.chaining.template_places import places_of
from planner.rules.draft import Draft
from planner.rules.guest_names import TEMPLATE, Sense
from planner.rules.lexicon import Words
from planner.rules.sense_lines import lines_in
from planner.rules.spelling import fold
from planner.rules.text import MARKS, QUOTE_MARK, Text

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
_SPOKEN: Final = re.compile(
    r"\b(?:results?|rows|values?|lots|data|titles?|page|it|them|that|those|these|this|each|what|answer|output|outcome|sums?"
    r"|counts?|totals?|rest|template|ergebnis\w*|werte?|damit|ihnen|zeilen|resultado\w*|valor(?:es)?|ellos|ellas|ello|eso"
    r"|filas|resultats?|valeurs?|eux|cela|lignes)\b"
)
"""What comes of other steps, no value itself."""
_PRINTS: Final = re.compile(
    r"\b(?:print\w*|writ\w+|line|lines|label|letter|report|message|sentence|note|card|invoice|drop\w*|schreib\w*|druck\w*"
    r"|brief|satz|zeile|etikett|bericht|setz\w*|escrib\w*|imprim\w*|carta|informe|linea|frase|etiqueta|ecri\w*|lettre"
    r"|rapport|ligne|phrase|etiquette|glisse\w*|each|every|per|je|pro|cada|chaque|jede\w*)\b|->|=>"
)
_ONE_EACH: Final = re.compile(
    r"\b(?:one|a|an|eine?|je|una?|une?) (?:\w+ )?(?:line|label|letter|message|sentence|note|card|row|text|zeile|satz"
    r"|etikett|linea|frase|carta|ligne|phrase|lettre) (?:per|for each|for every|each|pro|je|por|por cada|par"
    r"|pour chaque) [a-z]+"
)
_MEASURED: Final = re.compile(
    r"\b(?:words?|sentences?|letters|characters|worter|satze|zeichen|palabras?|frases|caracteres|mots|phrases|lettres)\b"
    rf"[^\w,;.!?]+(?:[a-z']+[^\w,;.!?]+){{0,4}}?{QUOTE_MARK}|\becho\s+(?:\w+\s+)?{QUOTE_MARK}"
)
"""A quote that is measured or echoed as it stands."""
_VALUE: Final = (
    rf"(?:\s*(?P<sign>=|:|->)\s*(?P<after>{QUOTE_MARK}|[^\s{MARKS}][^,;\n{MARKS}]{{0,200}})"
    rf"|\s+(?:(?P<tie>is|as|being|ist|als|es|est)\s+)?(?P<word>{QUOTE_MARK}|\w[\w.@-]*))"
)
_VALUE_ENDS: Final = re.compile(
    r"[.!?]+(?:\s.*)?$|\s+(?:and|then|und|dann|y|luego|et|puis|&)\s+"
    r"(?:\w+\s*(?:=|:|\bis\b|\bist\b)|[^\W\dA-Z]\w*\s+\w).*$",
    re.DOTALL,
)
_NO_VALUE: Final = Words(
    "the a an of what whatever that this it its in on to der die das el la le les un une ein"
)


def template_in(text: Text) -> str | None:
    """Return the template a text has and wants filled; None when it has none, or only speaks of one as of any text."""
    written = next((q for q in (*text.quotes, *text.csvs) if "{{" in q), None)
    if written is None or _TEMPLATE.search(text.folded):
        return written
    is_only = len(text.quotes) == 1 and _MEASURED.search(text.folded)
    asked = _FILLS.search(text.folded) or _PRINTS.search(text.folded) or _values(text, written)
    return None if is_only or not asked else written


def template_calls(text: Text, draft: Draft) -> Iterator[Sense]:
    """Yield a call that fills the template a text has or speaks of, and where it gives the values."""
    written = template_in(text)
    named = _TEMPLATE.search(text.folded)
    lines = lines_in(text) if written is None else None
    if lines is not None:
        given = {"values": {"rows": lines.rows}} if lines.rows else {}
        presets: dict[str, Any] = {"template": lines.template, "missing": "empty", **given}
        yield Call(draft.cards[TEMPLATE], lines.start, presets, role="writes"), ((lines.start, lines.end),)
        return
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
    presets = {"template": written} if written is not None else {}
    values, spans = _values(text, written or "")
    places = places_of(written or "")
    if values and values.keys() >= {*places.names, *places.lists}:
        presets["values"] = values
    else:
        presets |= {f"values.{name}": value for name, value in values.items() if written is not None}
    spans += [m.span() for m in _ONE_EACH.finditer(text.folded)]
    yield Call(draft.cards[TEMPLATE], _start(text, written, named), presets), tuple(spans)


def _start(text: Text, written: str | None, named: re.Match[str] | None) -> int:
    """Return where a text has its template, or speaks of it."""
    places = (at for at, char in enumerate(text.plain) if char in MARKS)
    at = next((at for at, piece in zip(places, text.literals, strict=True) if piece.value is written), None)
    return at if at is not None and written is not None else named.start() if named else 0


def _values(text: Text, template: str) -> tuple[dict[str, JsonValue], list[tuple[int, int]]]:
    """Return what the text gives for a template's places, and where: a JSON object, or "name Bob", "nombre = Anne"."""
    places = places_of(template)
    top = {*places.names, *places.lists}
    for value in text.values:
        if isinstance(value, dict) and (not template or top & value.keys()):
            return value, []
    found: dict[str, JsonValue] = {}
    spans: list[tuple[int, int]] = []
    quotes = iter([q for q in text.quotes if q != template])
    for place in places.names:
        match = re.search(rf"(?<![\w']){re.escape(place)}{_VALUE}", text.plain, re.IGNORECASE)
        said = _said(match, text) if match else ""
        if match and said:
            found[place] = next(quotes, "") if said == QUOTE_MARK else said
            spans.append(match.span())
    if not found and len(places.names) == 1:
        found |= _led(text, places.names[0])
    return found, spans


def _said(match: re.Match[str], text: Text) -> str:
    """Return the value a match of a place's name gives; a bare word is one only where it is no plain word."""
    if match["sign"]:
        return _VALUE_ENDS.sub("", match["after"]).strip(" .'\"")
    word = match["word"]
    is_plain = word[0].islower() or bool(text.urls or text.csvs)
    is_none = word.lower() in _NO_VALUE or (is_plain and (not match["tie"] or text.urls))
    return "" if is_none else word.rstrip(".,;")


def _led(text: Text, place: str) -> dict[str, JsonValue]:
    """Return the one value that "with" leads: "fill '...' with Bob"."""
    led = re.search(r"\b(?:with|mit|con|avec)\s+([^?!\n\ue000-\ue005]+?)[.?!\s]*$", text.plain)
    if led is None or text.urls or text.csvs or _SPOKEN.search(fold(led[1])):
        return {}
    return {place: led[1].split()[-1]}
