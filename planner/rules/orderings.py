"""How rows are wanted in order: "newest first", "du moins cher au plus cher", "nach Datum", "A-Z"; over folded text."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_NEW: Final = (
    r"(?:newest|latest|most recent|(?:aller)?neu(?:e)?ste[nrs]?|jungste[nrs]?|aktuellste[nrs]?|mas (?:reciente"
    r"|nuev[ao])s?|plus (?:recent|nouveau|nouvelle)e?s?|derni(?:er|ere)s?|ultim[ao]s)"
)
_OLD: Final = (
    r"(?:oldest|(?:aller)?alteste[nrs]?|mas (?:antigu|viej)[ao]s?|plus (?:ancien(?:ne)?|vieux|vieille)s?)"
)
_CHEAP: Final = (
    r"(?:cheap(?:est)?|lowest|smallest|billig(?:ste[nrs]?)?|gunstig(?:ste[nrs]?)?|niedrig(?:ste[nrs]?)?|mas barat[ao]s?"
    r"|moins ch(?:er|ere)s?)"
)
_DEAR: Final = (
    r"(?:expensive|dear(?:est)?|priciest|highest|teuer(?:ste[nrs]?)?|teuerste[nrs]?|hochste[nrs]?|mas car[ao]s?"
    r"|plus ch(?:er|ere)s?)"
)
_FIRST: Final = (
    r"\s+(?:\w+\s+)?(?:first|on top|at the top|zuerst|zuoberst|oben|nach oben|voran|d'abord|en premier|en tete|en haut"
    r"|primero|arriba|al principio)\b"
)
_LED: Final = r"\b(?:primero|d'abord|zuerst|first)\s+(?:the |los |las |lo |les |la |le |die )?"
_TO: Final = (
    r"\s+(?:to|nach|zu[mr]?|bis|a|al|au|aux)\s+(?:the |la |las |los |lo |le |les )?(?:most |mas |plus )?"
)


def _first(what: str, *, then: str) -> str:
    """Return the pattern of an order that begins with one kind: "newest first", "from new to old"."""
    return rf"\b{what}{_FIRST}|{_LED}{what}\b|\b{what}{_TO}{then}\b"


ORDERS: Final[dict[str, re.Pattern[str]]] = {
    "newest": re.compile(
        _first(_NEW, then=rf"(?:{_OLD}|old|alt)")
        + r"|\bnew(?:er)? to old|\bneu nach alt|\breverse[- ]chronolog\w*|\b(?:umgekehrt"
        r"|antichronologi\w*)\s*(?:chronolog\w*)?"
        r"|\banti-?chronolog\w*|\bcronologico inverso"
    ),
    "oldest": re.compile(_first(_OLD, then=rf"(?:{_NEW}|new|neu)") + r"|\bold(?:er)? to new|\balt nach neu"),
    "ascending": re.compile(_first(_CHEAP, then=_DEAR) + r"|\bde menos a mas\b"),
    "descending": re.compile(
        _first(_DEAR, then=_CHEAP)
        + r"|\b(?:hochste|grosste)[nrs]? zuerst\b|\bde mas a menos\b|\bmeilleure?s? d'abord\b"
    ),
    "alphabetical": re.compile(r"\b(?:alphabet|alfabet)\w*|\b(?:from )?a ?(?:-|to|bis|\u2013) ?z\b"),
    "cheap": re.compile(
        r"\b(?:moins ch(?:er|ere)s?|meilleur marche|plus bas(?:se)?s?|moins eleve\w*|mas (?:bajo|baja|economic\w+)s?"
        r"|least expensive|(?:el|la|los|las) menor(?:es)? precios?)\b"
    ),
    "dear": re.compile(r"\b(?:plus (?:ch(?:er|ere)|eleve|haut)e?s?|mas (?:alt[ao]|elevad[ao]|car[ao])s?)\b"),
    "spread": re.compile(
        r"\b(?:preis|wert|temperatur|alters)spanne\b|\bspannweite\b|\b(?:price|value) spread\b|\bspread between\b"
        r"|(?<!in the )(?<!in my )(?<!this )(?<!that )(?<!your )\bprice range\b|\brange of (?:the )?(?:prices"
        r"|values|numbers)\b"
        r"|\bfourchette (?:de|des) prix\b|\brango de (?:los )?precios\b|\bhorquilla de precios\b"
        r"|\bhow far apart\b|\becart entre (?:le|la|les) plus\b"
    ),
}
"""What is wanted -> the phrases that say so; `spread` is the least and the greatest."""
STATED: Final[dict[str, re.Pattern[str]]] = {
    "mean": re.compile(
        r"\b(?:la|una|de|con|por|nota|como) media\b(?! (?:hora|noche|docena|pension|jornada|manana|tarde|luna))"
        r"|\bmedia (?:aritmetica|de (?:los|las|est[ao]s|precios?|notas?|\ue002))|\b(?:precio|coste|valor"
        r"|sueldo) medio\b"
        r"|\balquiler(?:es)? medios?\b"
        r"|\b(?!ab|auf|aus|be|ein|an|zu|vor|ver|quer|lang|haar|holz|bild|film|gras|rasen|baum|hecken|obst|wurst|brot"
        r"|kaiser|scheren)\w{3,20}schnitt\b"
    ),
    "max": re.compile(r"\b(?:plus grand\w*|plus gros\w*|(?:el|la|numero|valor) mayor|mas grande)\b"),
    "min": re.compile(r"\b(?:plus petit\w*|(?:el|la|numero|valor) menor|mas pequen[ao])\b"),
    "sum": re.compile(
        r"\ue002[^.;!?\n]{0,24}\b(?:come to|makes?|ergeben|machen|font)\b|\ben tout\b|\ben total\b"
        r"|\bwhat (?:do|does|will) (?:they|it|that|those|these)(?: all)? (?:come|amount) to\b"
        r"|\ball together\b|\baltogether\b|\bzusammengerechnet\b|\balles zusammen\b"
    ),
}
"""Statistic -> the phrases of several words that ask for it."""
_NEWEST: Final = re.compile(rf"\b{_NEW}\b")


def is_newest(folded: str) -> bool:
    """Say whether a text speaks of the newest of things: "the ten newest"."""
    return _NEWEST.search(folded) is not None


def is_spread(wants: Collection[str]) -> bool:
    """Say whether the least and the greatest are wanted: "the highest and the lowest", and not in an order."""
    both = "cheap" in wants and "dear" in wants
    return "spread" in wants or (both and not {"sort", "ascending", "descending"} & {*wants})


def stated_orders(folded: str) -> set[str]:
    """Return which of ORDERS a folded text asks for; what is sorted by age is not also sorted by price."""
    found = {name for name, pattern in ORDERS.items() if pattern.search(folded)}
    if "newest" in found:
        found.add("descending")
    return found
