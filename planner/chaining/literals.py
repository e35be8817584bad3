"""Values for an agent's parameters that an objective spells out: quoted, as JSON, by name, by their form."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from planner.catalogue_terms import COMMON
from planner.chaining.codes import coded
from planner.chaining.concepts import concept, concepts, foreign
from planner.chaining.counts import counted_in
from planner.chaining.forms import formed_tokens, is_sized
from planner.chaining.found import Found, words_of
from planner.chaining.outputs import PICTORIAL, TEXTUAL
from planner.chaining.phrased import FILE_NAMES, LED_BY_NAME, PLACES, TOPICS, phrased, side_of
from planner.chaining.schemas import fits, types_of
from planner.rules.text import CSV_MARK, FILE_MARK, IMAGE_MARK, JSON_MARK, MARKS, QUOTE_MARK, URL_MARK, Text

_TOKEN: Final = re.compile(r"[A-Za-z0-9][\w.+@:/-]*")
_NUMBER: Final = re.compile(r"(?<![\w.,])-?\d{1,15}(?:\.\d{1,9})?(?![\w]|[.,]\d)")
_NAMED_VALUE: Final = r"\s*(?:=|:|is|of|as|von|de|ist|to|auf)?\s*"
_FORMS: Final = {
    "email": r"[^@\s]+@[^@\s]+\.\w+",
    "date": r"\d{4}-\d\d-\d\d",
    "ipv4": r"\d+\.\d+\.\d+\.\d+",
    "uri": r"\w+://.+",
}
"""What values of a format look like."""
_URL_NAMES: Final = frozenset(
    ["url", "uri", "link", "address", "href", "website", "site", "page", "endpoint", "feed"]
)


def literal_for(
    name: str, schema: Any, text: Text, *, taken: set[int], used: Collection[Any] = ()
) -> Found | None:
    """Return the value that suits a parameter best, of those a text spells out.

    Args:
        name: The parameter's.
        schema: The parameter's.
        text: Where to look.
        taken: Literals of the text that other parameters have.
        used: Values that other parameters have; another is taken where there is one.
    """
    best: Found | None = None
    for found in (*_masked(name, schema, text, taken), *_plain(name, schema, text)):
        is_used = found.literal is None and found.value in used
        sure = replace(found, strength=found.strength / 3) if is_used else found
        if _suits(schema, sure.value) and (best is None or sure.strength > best.strength):
            best = sure
    return best


def _suits(schema: Any, value: Any) -> bool:
    if not fits(schema, value):
        return False
    form = schema.get("format") if isinstance(schema, Mapping) else None
    return form not in {"email", "date", "ipv4"} or not isinstance(value, str) or _has_form(form, value)


def _masked(name: str, schema: Any, text: Text, taken: set[int]) -> Iterator[Found]:
    near = _nearness(name, text)
    for place, literal in enumerate(text.literals):
        worth = _WORTH[literal.mark](words_of(name, schema), schema)
        if place not in taken and worth:
            is_list = literal.mark == IMAGE_MARK and types_of(schema) == {"array"}
            is_said = literal.mark in {QUOTE_MARK, JSON_MARK}
            value = [literal.value] if is_list else literal.value
            bonus = near.get(place, 0.0)
            yield Found(value, worth + (bonus if is_said else 0.0), place, bonus > 0)
    if types_of(schema) == {"array"} and text.quotes:
        yield Found([*text.quotes], 1.0)


def _url_worth(words: set[str], schema: Any) -> float:
    if _is_uri(schema):
        return 2.1
    named = words & _URL_NAMES
    return 0.0 if not named else 0.3 if named == {"address"} else 2.1


def _file_worth(words: set[str], schema: Any) -> float:
    if words & FILE_NAMES and not words & PICTORIAL:
        return 2.2
    is_other = words & (TEXTUAL | PLACES | TOPICS | {"csv"}) or types_of(schema) != {"string"}
    return 0.0 if is_other else 0.4  # a file's name is no text of it


_WORTH: Final[dict[str, Callable[[set[str], Any], float]]] = {
    QUOTE_MARK: lambda _words, _schema: 1.5,
    JSON_MARK: lambda _words, schema: 0.0 if types_of(schema) == {"string"} else 1.6,
    CSV_MARK: lambda words, _schema: 2.2 if words & {"csv", "tsv"} else 1.2,
    FILE_MARK: _file_worth,
    IMAGE_MARK: lambda words, _schema: 2.2 if words & PICTORIAL else 1.4 if words & FILE_NAMES else 0.2,
    URL_MARK: _url_worth,
}
"""Mark -> what such a literal is worth for a parameter, by the parameter's words and schema."""


def _plain(name: str, schema: Any, text: Text) -> Iterator[Found]:
    types = types_of(schema)
    if isinstance(schema, Mapping) and isinstance(schema.get("enum"), list):
        yield from _of_choices(schema["enum"], text)
        yield from (Found(code, 2.3) for code, _ in coded(name, schema, text.folded))
        return
    if types & {"number", "integer"}:
        counted = counted_in(name, schema, text)
        if counted is not None:
            yield Found(counted.value, 2.7)
        yield from _numbers(name, types, text)
    if "string" in types and len(types) < 6:
        yield from _formed(name, schema, text)
        if isinstance(schema, Mapping):
            yield from (Found(token, sure) for token, sure in formed_tokens(name, schema, text.plain))
            yield from _by_code(name, schema, text)
        yield from _called(name, text)
        if not is_sized(schema):
            yield from phrased(name, schema, text)


def _of_choices(choices: list[Any], text: Text) -> Iterator[Found]:
    said = (
        {w.text for w in text.words}
        | set(concepts(text.plain))
        | {f for w in text.words for f in foreign(w.text)}
    )
    for choice in choices:
        if isinstance(choice, str) and (choice.lower() in said or concept(choice.lower()) in said):
            yield Found(choice, 2.5)


def _by_code(name: str, schema: Mapping[str, Any], text: Text) -> Iterator[Found]:
    """Yield the code of what is named: for "from", of the one named first; for "to", of the last."""
    found = sorted(coded(name, schema, text.folded), key=lambda pair: pair[1])
    if found:
        yield Found(found[0 if re.search(r"from|source|base", name) else -1][0], 1.9)


def _numbers(name: str, types: frozenset[str], text: Text) -> Iterator[Found]:
    named = re.search(
        rf"\b{re.escape(name.lower().replace('_', ' '))}{_NAMED_VALUE}({_NUMBER.pattern})", text.folded
    )
    if named:
        yield Found(_number(named.group(1)), 2.6)
    for match in _NUMBER.finditer(text.plain):
        yield Found(_number(match.group()), 1.3 if "." not in match.group() or "number" in types else 0.0)


def _number(digits: str) -> int | float:
    return float(digits) if "." in digits else int(digits)


def _formed(name: str, schema: Any, text: Text) -> Iterator[Found]:
    """Yield tokens that have the form the schema asks for: a pattern, a fixed length, a format."""
    if not isinstance(schema, Mapping):
        return
    low, high, pattern, form = (schema.get(k) for k in ("minLength", "maxLength", "pattern", "format"))
    exact = isinstance(low, int) and low == high and low >= 3
    if not (exact or isinstance(pattern, str) or form in {"email", "date", "uri", "ipv4"}):
        return
    named = {concept(w) for w in name.lower().split("_")}
    side = side_of(name)
    before = ""
    for match in _TOKEN.finditer(text.plain):
        token = match.group().rstrip(".,:;/-")
        telling = form in _FORMS or any(c.isdigit() or c.isupper() for c in token)
        if telling and _has_form(form, token) and fits(schema, token):
            led = side is not None and re.search(rf"\b{LED_BY_NAME[side]}\s+$", text.plain[: match.start()])
            is_code = any(map(str.isdigit, token)) or (exact and token.isupper())
            yield Found(
                token, 1.7 + (0.4 if concept(before) in named else 0.0) + (0.3 if is_code or led else 0.0)
            )
        before = token.lower()


def _has_form(form: Any, token: str) -> bool:
    return form not in _FORMS or re.fullmatch(_FORMS[form], token) is not None


def _called(name: str, text: Text) -> Iterator[Found]:
    """Yield what stands after the parameter's own name: "base EUR", "country: DE", "VIN 1HG..."."""
    spelled = re.escape(name.lower()).replace("_", "[ _-]")
    for match in re.finditer(
        rf"\b{spelled}\w{{0,3}}(?:\s*(?:=|:)\s*|\s+(?:is |of |= ?)?)([\w@][\w.@+/-]*)", text.folded
    ):
        start, end = match.span(1)
        value = text.plain[start:end].rstrip(".,;:")
        if text.folded[start:end] in COMMON or (len(value) < 2 and not value.isdigit()):
            continue
        if (
            any(c.isdigit() for c in value)
            or value[:1].isupper()
            or "=" in match.group()
            or ":" in match.group()
        ):
            yield Found(value, 2.1)


def _nearness(name: str, text: Text) -> dict[int, float]:
    """Return literal -> what it is worth that the parameter's name stands just before it."""
    found: dict[int, float] = {}
    place = -1
    own = {concept(w) for w in name.lower().split("_")}
    for at, word in enumerate(text.words):
        if word.text in MARKS:
            place += 1
            before = {concept(text.words[i].text) for i in range(max(0, at - 2), at)}
            found[place] = 0.5 if own & before else 0.0
    return found


def _is_uri(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("format") in {"uri", "url", "iri"}
