"""Deeds no stage here performs: booking, sending, playing; told from nouns that look like them.

A deed stands where a request begins: at a clause's start, after "can you" and
its like, or, in German, as the last word of such a clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from planner.rules.deed_words import DEEDS, HEADS, NOUNS_TOO, PHRASED, SOFT, base_of
from planner.rules.lexicon import GENERIC, NOUN_TRIGGERS, Words
from planner.rules.repeats import DROPS
from planner.rules.text import MARKS, URL_MARK, Text, Word

_TOLD: Final = Words(
    "joke jokes story stories poem poems secret witz witze geschichte chiste cuento blague histoire"
)
"""What "tell me" asks for where nothing here can tell it."""
_SKIPPED: Final = Words(
    "and then please also now just first next finally afterwards so can could would will you u kindly i "
    "want need to like id i'd "
    "we let's lets go ahead me my help hey hi hello ok okay dear would-you d ll "
    "und dann bitte danach auch jetzt mal kannst konntest wurdest kann du sie ich mochte will mir uns "
    "doch gerne hallo mich konnen "
    "konnten soll sollst ausserdem y luego por favor tambien ahora puedes podrias puede quiero que "
    "necesito hola despues ademas me "
    "et puis ensuite aussi maintenant s'il te plait vous plait peux peux-tu pouvez pourrais tu je veux "
    "voudrais bonjour s il faut "
    "for after before that one two thing things separately try"
)
_NOUN_AFTER: Final = Words(
    "the a an my me us him her them it this that these those some all to up off on out for at with in "
    "into your our his their one two "
    "three somebody someone everyone bob alice mum mom dad "
    "den die das der dem ein eine einen einer mir mich uns ihm ihr meine meinen mein dieses diesen diese "
    "bitte an ab auf "
    "el la los las un una unos unas mi mis me nos le al este esta estos "
    "le les l' un une des du de mon ma mes moi nous lui ce cette ces au"
)
LISTED: Final = Words(
    "list lists report reports table tables overview rows ranking csv statistics row values liste listen "
    "bericht tabelle ubersicht zeilen lista informe "
    "tabla filas rapport tableau lignes"
)
"""What may be made of rows without any other agent: "make a list of"."""
_OF: Final = frozenset(["de", "of"])
_MODAL: Final = Words("kannst konntest konnten konnen mochte will wurdest soll sollst bitte")
_TELLING: Final = Words("tell say erzahl erzahle cuentame raconte explain")
_SELF: Final = frozenset(["i", "we"])
_ABLE: Final = re.compile(r"\b(?:and|then|also|please|und|y|et|,|;)\s*$")


@dataclass(frozen=True, slots=True)
class Deed:
    """A verb of a deed where a request begins."""

    verb: str
    clause: int
    start: int
    end: int
    """Of the clause it begins."""

    @property
    def is_soft(self) -> bool:
        """Whether an agent called for in the same clause may be what it means."""
        return self.verb in SOFT


def deeds_in(text: Text) -> Iterator[Deed]:
    """Yield each deed that a clause of the text asks for."""
    clauses: dict[int, list[Word]] = {}
    for word in text.words:
        clauses.setdefault(word.clause, []).append(word)
    phrases = [m for m in PHRASED.finditer(text.folded) if not _has_template(text)]
    dropped = [m.span() for m in DROPS.finditer(text.folded)]
    for number, words in clauses.items():
        end = words[-1].end
        verb = _verb_of(text, words)
        if verb is not None and any(start <= verb.start < stop for start, stop in dropped):
            continue
        phrase = next((m for m in phrases if words[0].start <= m.start() < end), None)
        if phrase is not None:
            yield Deed(phrase.group().strip(), number, phrase.start(), end)
            continue
        if verb is not None:
            yield Deed(verb.text, number, verb.start, end)


def _has_template(text: Text) -> bool:
    """Say whether there is a template: "fill in the form" is then a call of an agent."""
    return any("{{" in quote for quote in text.quotes)


def _verb_of(text: Text, words: list[Word]) -> Word | None:
    at = 0
    while at < len(words) and (words[at].text in _SKIPPED or words[at].text in MARKS):
        if words[at].text == URL_MARK and at == len(words) - 1:
            return None
        at += 1
    if at == len(words):
        return None
    if _is_told(words[:at]):
        return None
    first = words[at]
    base = base_of(first.text)
    if base != first.text:
        return replace(first, text=base)  # joue-moi, resérvame
    if first.text in DEEDS and _is_verb(text, words, at):
        return first
    last = words[-1]
    is_asked = any(w.text in _MODAL for w in words[:at])
    if is_asked and last.text in DEEDS and last.text.endswith("en"):
        return last
    return None


def _is_told(before: list[Word]) -> bool:
    """Say whether the words before a verb make it a statement, not a request: "I pay in euros"."""
    said = [w.text for w in before]
    return (
        said != [] and said[-1] in _SELF and not set(said) & {"can", "could", "may", "so", "should", "before"}
    )


def _is_verb(text: Text, words: list[Word], at: int) -> bool:
    """Say whether the word at a clause's start is a verb: "book a room", not "book prices on"."""
    verb, after = words[at].text, words[at + 1].text if at + 1 < len(words) else ""
    if verb in _TELLING:
        return any(w.text in _TOLD for w in words[at + 1 :])
    if verb in {"remove", "log", "sign"}:
        return _has_object(text, verb, after)
    if verb in {"set", "turn", "make", "call", "like", "order", "text", "print", "format", "start"}:
        return _is_common_verb(text, words, at)
    if verb in NOUNS_TOO and (after in HEADS or (after in _OF and text.urls)):
        return any(w.text == "to" for w in words[at + 2 :])  # no bid history, no reserva de coches
    if after in _NOUN_AFTER:
        return True
    if after == "":
        return at > 0 or (len(words) == 1 and len(text.words) < 8)
    if after in MARKS:
        return after != URL_MARK or not _is_of_rows(text)
    # "Book listings under $5 on ...", "Post drivers, cheapest first ...": nouns of a listing
    return not (text.urls and (_is_of_rows(text) or _names_rows(words[at + 1 :])))


def _has_object(text: Text, verb: str, after: str) -> bool:
    if verb == "remove":
        return bool(text.images or text.files) and not text.csvs
    return after in {"in", "into", "on", "out", "off", "up", "me", "the", "a", "this"}


def _is_common_verb(text: Text, words: list[Word], at: int) -> bool:
    verb = words[at].text
    said = [w.text for w in words[at + 1 : at + 7]]
    rest = set(said)
    if verb == "order":
        return not rest & {
            "by",
            "them",
            "rows",
            "numbers",
            "prices",
            "these",
            "those",
            "from",
            "ascending",
            "descending",
            "it",
        } or ("book" in rest)
    if verb == "turn":
        return bool(rest & {"on", "off", "up", "down", "left", "right", "around"}) and not rest & {"into"}
    if verb == "make":
        return not (rest & {"csv", "table", "rows", "list", "report", "template", "sure"})
    if verb == "set":
        return bool(rest & {"the", "a", "an", "my", "up"}) and not text.urls
    if verb == "call":
        return (
            bool(said)
            and (said[0] in _NOUN_AFTER or bool(re.match(r"\d", said[0])))
            and not rest & {"agent", "module", "guest", "wasm"}
        )
    if verb in {"print", "text", "format", "start"}:
        return verb in {"start", "format"} or bool(
            rest & {"poster", "flyer", "label", "photo", "him", "her", "mum", "document", "message"}
        )
    return bool(said) and said[0] in _NOUN_AFTER and not rest & {"csv"}


def _names_rows(words: list[Word]) -> bool:
    return any(w.text in GENERIC and w.text.endswith("s") for w in words[:3])


def _is_of_rows(text: Text) -> bool:
    """Say whether the rest of an objective speaks of rows: a limit, an order, a verb of finding."""
    return text.has(NOUN_TRIGGERS) or text.matches(
        r"\b(?:under|below|over|cheapest|top \d|between|sorted|sort|average|median|price)\b"
    )
