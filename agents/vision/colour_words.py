"""Colours in words: which one a listing states, and whether a photo bears it out."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_TEXT: Final = 20_000
"""Characters of a text that are read."""

_WORDS: Final = {
    "black": "black schwarz schwarze schwarzer noir noire negro negra nero nera zwart",
    "white": "white ivory weiss weisse weisser blanc blanche blanco blanca bianco bianca wit",
    "grey": "grey gray charcoal graphite anthracite gunmetal grau graue anthrazit gris grise grigio grijs",
    "silver": "silver silvery silber silbern argent argente plata plateado argento zilver",
    "red": "red maroon burgundy crimson scarlet rot rote roter rouge rojo roja rosso rossa rood bordeaux",
    "orange": "orange naranja arancione oranje",
    "yellow": "yellow gold golden gelb gelbe gelber jaune amarillo amarilla giallo gialla geel",
    "green": "green olive teal grun grune gruner vert verte verde groen",
    "blue": "blue navy azure turquoise blau blaue blauer bleu bleue azul blu blauw",
    "purple": "purple violet lila violett viola morado paars",
    "brown": "brown bronze chocolate braun braune brauner brun brune marron marrone bruin",
    "beige": "beige tan cream sand champagne creme crema",
    "pink": "pink rosa rose",
}
_NAME_OF: Final = {word: name for name, words in _WORDS.items() for word in words.split()}
_SHADES: Final = (
    "dark", "light", "bright", "deep", "pale", "metallic", "pearl", "matt", "matte", "gloss", "medium",
    "dunkel", "hell", "fonce", "clair", "oscuro", "claro", "scuro", "chiaro", "donker", "licht", "original",
    "factory", "solid", "forest", "racing", "royal", "sky", "midnight", "bottle", "fire", "safety", "signal",
)  # fmt: skip
_COLOUR: Final = (
    rf"(?:dunkel|hell|licht|donker)?(?P<word>{'|'.join(sorted(_NAME_OF, key=len, reverse=True))})"
)
_ANY: Final = re.compile(rf"(?<![a-z]){_COLOUR}(?![a-z])")
_CUED: Final = re.compile(
    r"(?:finished in|painted(?: in)?|paint(?:work)?(?: is|:)?|(?:exterior )?colou?r(?: is|:)?|lackiert in"
    r"|(?:lack|farbe|couleur|kleur|colore)(?: ist| is| es| est|:)?|peinte? en|pintado de|color:?)"
    rf"\s+(?:a |an |the )?(?:(?:{'|'.join(_SHADES)})[\s-]+){{0,3}}{_COLOUR}(?![a-z])"
)
_TRIM: Final = re.compile(
    r"[\s-]+(?:\w+[\s-]+)?(?:seats?|leather|interior|cloth|vinyl|upholstery|dash|trim|wheels?|rims?|stripes?"
    r"|smoke|book|label|plates?|tarp|letters|lettering|decals?|card|list|light|lights|sitze|leder|cuir)\b"
)
_JOINED: Final = re.compile(r"/|\band\b|\bwith\b|\bund\b|\bet\b|\by\b|&|\bover\b|,")

_NEIGHBOURS: Final = frozenset(
    frozenset(pair)
    for pair in (
        ("silver", "grey"), ("silver", "white"), ("silver", "beige"), ("grey", "black"), ("grey", "white"),
        ("grey", "beige"), ("white", "beige"), ("beige", "yellow"), ("beige", "brown"), ("beige", "pink"),
        ("orange", "red"), ("orange", "yellow"), ("orange", "brown"), ("red", "brown"), ("red", "pink"),
        ("pink", "purple"), ("purple", "blue"), ("purple", "red"), ("brown", "black"), ("brown", "grey"),
    )
)  # fmt: skip
"""Pairs that light, dirt or a seller's taste may exchange."""


def plain_colour(phrase: str) -> str | None:
    """Return the plain name in a colour field: `green` for "Dark green", None for two colours or none."""
    folded = _folded(phrase)
    names = [_NAME_OF[found["word"]] for found in _ANY.finditer(folded)]
    if not names or (len(set(names)) > 1 and _JOINED.search(folded)):
        return None
    return names[-1]


def colour_in_text(text: str) -> str | None:
    """Return the colour a listing's words give the thing itself, or None when they do not settle it.

    A phrase that speaks of paint decides ("finished in dark green"); else the
    one colour that is not said of seats, wheels and the like.
    """
    folded = _folded(text)
    cued = {
        _NAME_OF[found["word"]] for found in _CUED.finditer(folded) if not _TRIM.match(folded, found.end())
    }
    if cued:
        return cued.pop() if len(cued) == 1 else None
    bare = {
        _NAME_OF[found["word"]] for found in _ANY.finditer(folded) if not _TRIM.match(folded, found.end())
    }
    return bare.pop() if len(bare) == 1 else None


def colours_agree(stated: str | None, seen: str | None) -> bool | None:
    """Say whether a photo bears out a stated colour; None where nobody could tell."""
    if stated is None or seen is None or stated not in _WORDS:
        return None
    if stated == seen:
        return True
    return None if frozenset((stated, seen)) in _NEIGHBOURS else False


def _folded(text: str) -> str:
    """Return lower case without accents."""
    spread = unicodedata.normalize("NFKD", text[:MAX_TEXT].casefold())
    return "".join(c for c in spread if not unicodedata.combining(c))
