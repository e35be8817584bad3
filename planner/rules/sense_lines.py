"""A text of one line for each row, asked for without a template: "a newsletter, one line per job: title, link"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from planner.chaining.call import Call
from planner.rules.guest_names import TEMPLATE
from planner.rules.lexicon import Words
from planner.rules.nouns import column_of
from planner.rules.request import read_request
from planner.rules.row_columns import is_named
from planner.rules.spelling import fold
from planner.rules.text import MARKS, URL_MARK, Text

if TYPE_CHECKING:
    from pydantic import JsonValue

WRITTEN: Final = Words(
    "write compose make create generate print prepare schreibe schreib schreiben verfasse verfassen erstelle erstellen "
    "mach drucke druck escribe escribir redacta redactar genera crea haz imprime redige rediger ecris "
    "ecrire genere cree fais"
)
"""Verbs that ask for no more than such a text."""
MAX_COLUMNS: Final = 10
_REACH: Final = 240
"""Characters in which the columns are named."""
_LINE: Final = r"(?:line|sentence|bullet(?: point)?|zeile|satz|linea|frase|ligne|phrase)"
_ONE: Final = r"(?:one|a|single|eine[nr]?|je|una?|une?)"
_EACH: Final = (
    r"(?:per|for (?:each|every)|each|every|pro|je|fur jede[ns]?|por(?: cada)?|para cada|par|pour chaque)"
)
_WITH: Final = r"(?:with|giving|showing|saying|naming|containing|mit|con|avec)\b"
_FOR_EACH: Final = r"(?:for (?:each|every)|per|fur jede[ns]?|pro|por cada|para cada|pour chaque)"
_WHERE: Final = rf"(?:\s+(?:on|at|from|of|in|auf|von|aus|de|en|sur)\s+(?:\w+\s+){{0,3}}?{URL_MARK})?"
_LINES: Final = re.compile(
    rf"\b{_ONE}\s+(?:\w+\s+)?{_LINE}\s+(?:{_EACH}\s+(?!{_WITH})[\w-]+|each|je){_WHERE}"
    rf"|\b{_FOR_EACH}\s+[\w-]+{_WHERE},?\s+{_ONE}\s+(?:\w+\s+)?{_LINE}"
)
_LEADS: Final = re.compile(rf"\s*(?:[:(\u2013\u2014-]|,?\s*\b{_WITH})\s*")
_BETWEEN: Final = re.compile(r"\s*(?:[,/&;+|\u2013\u2014]|\s-\s|\b(?:and|und|y|et|plus)\b)\s*")
_NAME: Final = re.compile(
    r"(?:(?:its|the|their|an?|seine[nm]?|ihre[nm]?|de[rn]|die|das|el|la|su|le|les|son|sa) )?"
    r"(?P<name>[^\W\d_][\w-]*(?: [^\W\d_][\w-]*)?)(?: (?:of|on|at|from|as|for|in|auf|von|aus|als|en|sur)\b.*)?"
)
_TEXT: Final = re.compile(
    r"\b(?:newsletters?|messages?|e-?mails?|mail(?:ing)?|(?:plain )?text|letters?|notes?|notice|posts?|bulletin|digest"
    r"|announcement|flyer|write|compose|draft|print|nachricht|rundbrief|brief|aushang|rundmail|schreib\w*|verfass\w*|mensaje"
    r"|boletin|correo|carta|aviso|texto|escrib\w*|redact\w*|courriel|lettre|bulletin|annonce|texte|redige\w*|ecri\w*)\b"
)
_SEPARATED: Final = re.compile(r"\b(?:csv|tsv|\w+[- ]separated)\b")


class Lines(NamedTuple):
    """A text that is asked for row by row."""

    columns: tuple[str, ...]
    """As the rows name them."""
    start: int
    end: int
    rows: list[JsonValue]
    """Those in the text, where nothing is asked to be done with them before; else none."""

    @property
    def template(self) -> str:
        """The template that prints it."""
        places = ", ".join(f"{{{{ {column} }}}}" for column in self.columns)
        return f"{{{{#each rows}}}}\n{places}\n{{{{/each}}}}\n"


def writes_lines(call: Call) -> bool:
    """Say whether a call prints rows, by a template of ours."""
    return call.card.name == TEMPLATE and call.role == "writes"


def lines_in(text: Text) -> Lines | None:
    """Return the text that is asked for row by row; None where none is, or where nothing says of what rows."""
    folded = text.folded
    rows = next((v for v in text.values if isinstance(v, list) and v and isinstance(v[0], dict)), None)
    match = _LINES.search(folded) if text.urls or text.csvs or rows else None
    if match is None or not _TEXT.search(folded) or (_SEPARATED.search(folded) and not text.csvs):
        return None
    lead = _LEADS.match(folded, match.end())
    names = list(_names(text, lead.end())) if lead is not None else []
    if not names:
        return None
    known = [*rows[0]] if rows and isinstance(rows[0], dict) else _header(text)
    columns = tuple(dict.fromkeys(_column(name, known) for name, _ in names))
    end = names[-1][1]
    request = read_request(text.without([(match.start(), end)]))
    return Lines(columns, match.start(), end, [] if request.wants_reckoning else rows or [])


def _names(text: Text, start: int) -> Iterator[tuple[str, int]]:
    """Yield the name of each column of a list, and where it ends."""
    stop = re.compile(rf"[.;!?\n){MARKS}]|$").search(text.folded, start, start + _REACH)
    end = stop.start() if stop else min(start + _REACH, len(text.folded))
    here = start
    for _ in range(MAX_COLUMNS):
        after = _BETWEEN.search(text.folded, here, end)
        piece = text.folded[here : after.start() if after else end].strip()
        match = _NAME.fullmatch(piece)
        if match is None:
            return
        yield match["name"], here + text.folded[here:end].index(piece) + match.end("name")
        if after is None or match.end("name") < len(piece):
            return
        here = after.end()


def _header(text: Text) -> list[str]:
    first = text.csvs[0].partition("\n")[0] if text.csvs else ""
    return [cell.strip(' "') for cell in re.split(r"[,;\t|]", first) if cell.strip()]


def _column(name: str, known: list[Any]) -> str:
    """Return the column that a word means: one the rows have, else one of a listing, else the word itself."""
    own = next((str(c) for c in known if is_named(str(c), name)), None)
    return own or (None if known else column_of(name)) or re.sub(r"\W+", "_", fold(name)).strip("_")
