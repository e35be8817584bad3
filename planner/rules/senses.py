"""The guests that come with the house: the phrases that call for each, and what these say of its arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from planner.chaining.call import Call
from planner.rules.draft import Draft
from planner.rules.guest_names import CONVERT, ECHO, SCHEMA_CHECK, TABLE, TEMPLATE, WORDING, Sense
from planner.rules.phrases import COMMONEST, PHRASES
from planner.rules.repeats import DROPS
from planner.rules.row_facts import fact_use
from planner.rules.sense_convert import amount_names, has_rates, measures, numbers_in
from planner.rules.sense_echo import echo_calls
from planner.rules.sense_table import table_calls
from planner.rules.sense_template import template_calls, template_in
from planner.rules.text import Text
from planner.rules.units import conversion_in

if TYPE_CHECKING:
    from pydantic import JsonValue

_SCHEMA: Final = re.compile(r"\b(?:json[- ]?)?(?:schema|esquema)s?\b|\bjson-?schema\w*")
_VALIDATES: Final = re.compile(
    r"\b(?:validat\w*|validier\w*|valid[aeo]?|valide[rz]?|valido|valida|gultig\w*|conform\w*|compl(?:y"
    r"|ies)|match(?:es)?|check\w*|verif\w*|respect\w*|satisf\w*|keeps? to|follow\w*|adher\w*|meets?|violat\w*|"
    r"pruf\w*|uberpruf\w*|entspr\w*|passt|passen|erfull\w*|cumpl\w*|comprueb\w*|fits?|obey\w*|against|vs|versus|gegen|contra|contre)\b"
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
_HOW_MUCH: Final = re.compile(r"\b(?:how (?:many|much)|combien|cuant[oa]s?|wie ?viele?n?)\b")
MAX_ASKED: Final = 5
_RESULT: Final = re.compile(
    r"\W+(?:are |there are |hat |tiene |il y a )?(?:of|in|has|von|im|in|de|del|du|des|dans|en)\s+"
    r"(?:it|that|them|the (?:result|output|translation|answer|page|outcome)|dem ergebnis|el resultado|le resultat)\b"
)
_THE_COUNT: Final = re.compile(r"\b(?:the|that|this|its|their|both|your) counts?\b(?! of\b)")
"""What a count of words gave."""


def senses_in(text: Text, draft: Draft) -> Iterator[Sense]:
    """Yield each call a text makes on these guests, and what of it then asks for nothing else."""
    if WORDING in draft:
        yield from _wording(text, draft)
    if CONVERT in draft:
        yield from _conversion(text, draft)
    if TABLE in draft:
        yield from table_calls(text, draft)
    if TEMPLATE in draft:
        yield from template_calls(text, draft)
    if SCHEMA_CHECK in draft:
        yield from _schemas(text, draft)
    if ECHO in draft:
        yield from echo_calls(text, draft)


def _conversion(text: Text, draft: Draft) -> Iterator[Sense]:
    conversion = conversion_in(text)
    if conversion is None or not has_rates(conversion, text, draft):
        return
    if conversion.value is None and not (conversion.is_list or text.urls or text.csvs):
        conversion = replace(
            conversion, is_list=numbers_in(text) != []
        )  # "[70, 80] from pounds to kilograms"
    is_stated = conversion.value is None and not conversion.is_list
    use = fact_use(text, conversion) if is_stated else None
    call = Call(
        draft.cards[CONVERT],
        conversion.start,
        measures(conversion, text),
        must=amount_names(conversion),
        fact=use.fact if use is not None else "",
        never_said=("value", "from", "to"),
    )
    claimed: tuple[tuple[int, int], ...] = use.spans if use is not None and text.urls else ()
    if not is_stated and not text.urls:  # what is asked how much of is the amount
        claimed = tuple(m.span() for m in islice(_HOW_MUCH.finditer(text.folded), MAX_ASKED))
    rate = conversion.rate
    claimed += ((rate.start, rate.end),) if rate is not None and rate.base else ()
    yield call, (*conversion.spans, *claimed)


def _wording(text: Text, draft: Draft) -> Iterator[Sense]:
    match = PHRASES["wording"].search(text.folded)
    if match is None:
        return
    card = draft.cards[WORDING]
    spans = tuple(
        m.span()
        for pattern in (PHRASES["wording"], COMMONEST, _THE_COUNT)
        for m in islice(pattern.finditer(text.folded), 20)
    )
    if _RESULT.match(text.folded, match.end()):
        yield Call(card, match.start()), spans
        return
    if not (text.values or text.csvs):  # of words, not of rows: "the words without repeats"
        spans += tuple(m.span() for m in islice(DROPS.finditer(text.folded), 20))
    is_filled = TEMPLATE in draft and template_in(text) is not None
    quotes = [q for q in text.quotes if not (is_filled and "{{" in q)]
    texts = [*quotes, *text.csvs, *(v for v in text.values if isinstance(v, str))]
    for said in texts[:20]:
        yield Call(card, match.start(), {"text": said}), spans
    if not texts:  # a template that is filled is not what is counted: the text made of it is
        filled = ("text",) if is_filled and text.quotes else ()
        yield Call(card, match.start(), never_said=filled), spans


def _schemas(text: Text, draft: Draft) -> Iterator[Sense]:
    spelled = [v for v in text.values if _is_schema(v)]
    named = _SCHEMA.search(text.folded)
    checks = [m.start() for m in islice(_VALIDATES.finditer(text.folded), 50)]
    if not checks or not (named or spelled):
        return
    if not spelled and text.urls and not text.matches(r"\bjson\b|\bschema (?:i|that|given|supplied)"):
        return
    presets: dict[str, Any] = {"schema": spelled[-1]} if spelled else {}
    others = [v for v in text.values if not spelled or v is not spelled[-1]]
    values = others or ([q for q in text.quotes if "{{" not in q] if spelled else [])
    if values:
        presets["value"] = values[0]
    named_at = named.start() if named else checks[-1]
    yield (
        Call(draft.cards[SCHEMA_CHECK], max((c for c in checks if c <= named_at), default=named_at), presets),
        (),
    )


def _is_schema(value: JsonValue) -> bool:
    return (
        isinstance(value, dict)
        and bool(_SCHEMA_WORDS & value.keys())
        and not {"subtasks", "agent"} & value.keys()
    )
