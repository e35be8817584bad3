"""CSV in an objective: read into rows, or rows written as CSV."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from planner.chaining.call import Call
from planner.rules.draft import Draft
from planner.rules.guest_names import TABLE, Sense
from planner.rules.phrases import PHRASES
from planner.rules.request import read_request
from planner.rules.text import CSV_MARK, JSON_MARK, URL_MARK, Text

_SEPARATED: Final = (
    r"(?:csv|tsv|(?:comma|semicolon|tab|pipe)[- ]?separated|comma[- ]delimited|tab[- ]delimited"
    r"|kommagetrennt\w*|tabgetrennt\w*|separad[oa]s? por (?:comas?|tabuladores|punto y coma)"
    r"|separe\w* par des (?:virgules|points-virgules|tabulations))"
)
_CSV: Final = re.compile(rf"\b{_SEPARATED}")
_WRITES: Final = re.compile(
    rf"{JSON_MARK}\s+{_SEPARATED}\W*$|"
    rf"\b(?:as|als|como|comme) (?:an? |eine |einen |un )?(?:\w+ )?{_SEPARATED}[- ](?:file|datei|text)\b(?! i\b)|"
    rf"(?:->|=>|→|\b(?:as|to|into|als|in|ins|im|en|au format|au|como|formato|format))\s+(?:an? |one |eine |ein "
    rf"|einen |un |une |the |valid |plain |proper )*(?:\w+ )?{_SEPARATED}(?![- ]?(?:datei|file|i (?:gave"
    rf"|supplied)))"
    rf"|\b(?:convierte\w*|convertir|pasa\w*|transforma\w*)\b[^.;]*?\ba\s+{_SEPARATED}"
    rf"|\b(?:write|export|save|output|produce|generate|make|create|print|dump|schreib\w*|exportier\w*"
    rf"|erzeug\w*|erstell\w*|escrib\w*|exporta\w*|genera\w*|ecri\w*|exporte\w*|genere\w*)\b"
    rf"(?:(?!\b(?:read|parse|from|the|this|csv)\b)[^.;])*?\b{_SEPARATED}"
)
_NOUN: Final = re.compile(
    rf"(?:^\W{{0,5}}(?:(?:an?|one|the|eine?|une?|una) )?|[.;:!?\n]\s{{0,5}}(?:(?:an?|one|eine?|une?|una) )?"
    rf"|\b(?:an?|one|eine?n?|une?|una) )"
    rf"(?:\w+ )?{_SEPARATED}(?:[- ](?:file|list|listing|text|table|export|datei|liste|tabelle|lista|archivo|fichier))?"
    rf"\s+(?:of|with|for|listing|containing|showing|mit|von|der|aller|uber|de|del|des|con|avec|du|para|pour)"
    rf"(?: the)? (?!(?:mine|ours|yours|which|that)\b)(?!{URL_MARK})"
)
"""CSV that is wanted, by its name alone: "CSV of the ten cheapest …", "a TSV with …"."""
_SPOKEN: Final = re.compile(
    r"\b(?:there(?: is)?|find|found|from|in|(?<!can i )(?<!could i )(?<!may i )have|has|got|gibt(?: es)?|habe|hay|tengo"
    r"|ai|y a|aus|de|en|dans)\W*$"
)
"""CSV that is somewhere already."""
_READS: Final = re.compile(
    rf"\b{_SEPARATED}(?:[- ]\w+)?,? (?:that |which |que |die )?(?:i |we |te |ich )?(?:supplied|gave"
    rf"|attached|provided|pasted|sent|uploaded"
    rf"|adjunt\w*|fourni\w*|joint\w*|mitgegeben\w*|angehangt\w*|beigefugt\w*|di\b|dado|anbei)"
    rf"|\b(?:this|the|my|following|given|supplied|attached|diese[rsn]?|der|die|das|meine|este|del|el|la|mi|dem|den|ce"
    rf"|le|ma|mon|un)\s+(?:\w+ )?{_SEPARATED}"
    rf"|\b{_SEPARATED}(?:[- ](?:text|file|datei|data|daten|string|table|tabelle|lines|rows"
    rf"|zeilen))?\s*(?:into|to|in|en|zu|nach|als)\s+(?:json|rows|objects|records|zeilen|filas|lignes"
    rf"|an? (?:table|list)|tabl)"
    rf"|\b(?:read|parse|load|import|turn|lies|lese|einlesen|parse\w*|lee|leer|lis|lire"
    rf"|analysiere)\b[^.;]{{0,40}}?\b{_SEPARATED}|\b{_SEPARATED}(?:[- ]?(?:datei"
    rf"|file))?\s*(?::(?!\s*{JSON_MARK})|[{CSV_MARK}])"
)
_DELIMITERS: Final = {
    ";": re.compile(r"\bsemicolon|\bsemikol|\bstrichpunkt|\bpunto y coma|\bpoints?-virgules?"),
    "\t": re.compile(r"\btsv\b|\btab(?:s|ulator\w*|ulaciones|ulations)?\b|\btab[- ]"),
    "|": re.compile(r"\bpipes?\b"),
}


def table_calls(text: Text, draft: Draft) -> Iterator[Sense]:
    """Yield a call that reads the CSV a text has or speaks of, and one that writes CSV, where it asks for that."""
    card, folded = draft.cards[TABLE], text.folded
    named = _CSV.search(folded)
    files = [f for f in text.files if f.lower().endswith((".csv", ".tsv"))]
    reads = _READS.search(folded) if named else None
    writes = _WRITES.search(folded) if named else None
    noun = _NOUN.search(folded) if named and not (writes or text.csvs or files) else None
    noun = None if noun and _SPOKEN.search(folded[: noun.start()]) else noun
    if noun is not None and (text.urls or any(isinstance(v, list) for v in text.values)):
        writes = noun
        reads = None if reads and noun.start() <= reads.start() < noun.end() else reads
    if (
        writes
        and reads
        and reads.start() <= writes.start() < reads.end()
        and not text.csvs
        and writes.start() > reads.start()
    ):
        reads = None
    if text.csvs or files or reads:
        presets: dict[str, Any] = {"csv": text.csvs[0]} if text.csvs else {}
        if text.csvs and (delimiter := _delimiter_in(text.csvs[0])) != ",":
            presets["delimiter"] = delimiter
        if text.csvs and not (named or _of_rows(text) or _is_reckoned(text)):
            return
        yield Call(card, reads.start() if reads else 0, presets, role="reads", must=("csv",)), ()
        if writes and reads and writes.end() <= reads.end() and not text.csvs:
            return
    if writes and not (
        text.csvs and reads and writes.start() <= reads.end() and writes.end() >= reads.start()
    ):
        rest = folded[writes.start() :]
        said = [d for d, p in _DELIMITERS.items() if p.search(rest)]
        presets = {"delimiter": said[0]} if said else {}
        yield Call(card, writes.start(), presets, role="writes", must=("rows",)), (writes.span(),)


def _of_rows(text: Text) -> bool:
    return text.matches(
        r"\b(?:parse|rows?|table|column|columns|sort|sum|average|mean|median|highest|lowest|filter|group|zeilen"
        r"|spalte|filas|lignes|colonne)\b"
    )


def _is_reckoned(text: Text) -> bool:
    """Say whether a text asks for work on rows, or when they end, without calling them CSV or rows."""
    request = read_request(text)
    ordered = request.wants & {"sort", "ascending", "descending", "soonest", "zone"}
    return not PHRASES["wording"].search(text.folded) and (
        request.wants_reckoning or bool(ordered) or request.window is not None
    )


def _delimiter_in(csv: str) -> str:
    first = csv.partition("\n")[0]
    return max(",;\t|", key=first.count)
