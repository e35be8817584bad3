"""The guests that come with the house: the phrases that call for each, and what these say of its arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from planner.chaining.call import Call
from planner.rules.draft import Draft
from planner.rules.guest_names import CONVERT, ECHO, SCHEMA_CHECK, TABLE, TEMPLATE, WORDING, Sense
from planner.rules.phrases import PHRASES
from planner.rules.sense_convert import amount_names, has_rates, measures
from planner.rules.sense_table import table_calls
from planner.rules.sense_template import template_calls
from planner.rules.text import JSON_MARK, QUOTE_MARK, Text
from planner.rules.units import conversion_in, fact_in

if TYPE_CHECKING:
    from pydantic import JsonValue

_SCHEMA: Final = re.compile(r"\b(?:json[- ]?)?(?:schema|esquema)s?\b|\bjson-?schema\w*")
_VALIDATES: Final = re.compile(
    r"\b(?:validat\w*|validier\w*|valid[aeo]?|valide[rz]?|valido|valida|gultig\w*|conform\w*|compl(?:y"
    r"|ies)|match(?:es)?|check\w*|verif\w*|respect\w*|satisf\w*|keep(?:s)? to|violat\w*|"
    r"pruf\w*|uberpruf\w*|entspr\w*|passt|erfull\w*|cumpl\w*|comprueb\w*|fits?|obey\w*|against|vs|versus|gegen|contra|contre)\b"
)
_SCHEMA_WORDS: Final = frozenset(
    [
        "type",
        "properties",
        "required",
        "items",
        "enum",
        "minimum",
        "maximum",
        "pattern",
        "anyOf",
        "oneOf",
        "allOf",
        "const",
        "$schema",
        "$ref",
        "additionalProperties",
    ]
)
_RESULT: Final = re.compile(
    r"\W+(?:are |there are |hat |tiene |il y a )?(?:of|in|has|von|im|in|de|del|du|des|dans|en)\s+"
    r"(?:it|that|them|the (?:result|output|translation|answer|page|outcome)|dem ergebnis|el resultado|le resultat)\b"
)
_ECHO: Final = re.compile(
    rf"(?:^|[.;:!?,\n]|\b(?:and|then|und|dann|y|et|please|bitte|just))\s*echo\s+(?:back|out|this|the|that"
    rf"|it|me|to|[{QUOTE_MARK}{JSON_MARK}])|\b(?:run|call|use|invoke|try)\s+(?:the\s+)?echo\s+(?:on|with|for|over)\b"
)


def senses_in(text: Text, draft: Draft) -> Iterator[Sense]:
    """Yield each call a text makes on these guests, and what of it then asks for nothing else."""
    if WORDING in draft:
        yield from _wording(text, draft)
    conversion = conversion_in(text) if CONVERT in draft else None
    if conversion is not None and has_rates(conversion, text, draft):
        yield (
            Call(
                draft.cards[CONVERT],
                conversion.start,
                measures(conversion, text),
                must=amount_names(conversion),
                fact=fact_in(text) if conversion.value is None and conversion.kind != "currency" else "",
                never_said=("value", "from", "to"),
            ),
            conversion.spans,
        )
    if TABLE in draft:
        yield from table_calls(text, draft)
    if TEMPLATE in draft:
        yield from template_calls(text, draft)
    if SCHEMA_CHECK in draft:
        yield from _schemas(text, draft)
    echo = _ECHO.search(text.folded)
    if ECHO in draft and echo:
        yield Call(draft.cards[ECHO], echo.start()), ()


def _wording(text: Text, draft: Draft) -> Iterator[Sense]:
    match = PHRASES["wording"].search(text.folded)
    if match is None:
        return
    card = draft.cards[WORDING]
    if _RESULT.match(text.folded, match.end()):
        yield Call(card, match.start()), (match.span(),)
        return
    texts = [*text.quotes, *text.csvs, *(v for v in text.values if isinstance(v, str))]
    for said in texts[:20]:
        yield Call(card, match.start(), {"text": said}), (match.span(),)
    if not texts:
        yield Call(card, match.start()), (match.span(),)


def _schemas(text: Text, draft: Draft) -> Iterator[Sense]:
    spelled = [v for v in text.values if _is_schema(v)]
    named = _SCHEMA.search(text.folded)
    checks = _VALIDATES.search(text.folded)
    if not checks or not (named or spelled):
        return
    if not spelled and text.urls and not text.matches(r"\bjson\b|\bschema (?:i|that|given|supplied)"):
        return
    presets: dict[str, Any] = {}
    if spelled:
        presets["schema"] = spelled[-1]
    others = [v for v in text.values if not spelled or v is not spelled[-1]]
    if others and spelled:
        presets["value"] = others[0]
    elif text.quotes and spelled:
        presets["value"] = text.quotes[0]
    elif others:
        presets["value"] = others[0]
    yield Call(draft.cards[SCHEMA_CHECK], (named or checks).start(), presets), ()


def _is_schema(value: JsonValue) -> bool:
    return (
        isinstance(value, dict)
        and bool(_SCHEMA_WORDS & value.keys())
        and not {"subtasks", "agent"} & value.keys()
    )
