"""The facts of a thing that are measured, by the nouns for them, and the labels that pages give them."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from planner.rules.text import Text
from planner.rules.units import Conversion

MAX_FOUND: Final = 20
NOUN: Final = (
    r"(?:(?:fuel|top|maximum|max|floor|living|engine|motor|gross|net|dry|kerb|curb|total|land|plot|cargo|screen|tank"
    r"|midday|noon) )?"
    r"(?:odometer(?: readings?)?|(?:mileage|weight|length|size|height|width|depth|distance|power|speed|volume|area"
    r"|temperature|consumption|range|load|draught|wingspan|thickness|diameter|radius|pressure|space|amount|ingredient)s?"
    r"|mass(?:es)?|capacit(?:y|ies)|quantit(?:y|ies)|output|payload|mpg"
    r"|\w{0,24}(?:gewichte?|langen?|laufleistung(?:en)?|kilometerst[a]nde?|leistung(?:en)?|hohen?|breiten?|hubraum"
    r"|temperatur(?:en)?|flachen?|gro(?:ss|ß)en?|geschwindigkeit(?:en)?|verbrauch|mengen?|zutaten)"
    r"|(?:pesos?|longitud(?:es)?|altura|potencia|kilometraje|superficies?|tamanos?|temperaturas?|velocidad(?:es)?"
    r"|consumo|cantidad(?:es)?|capacidad(?:es)?|eslora|ingredientes)"
    r"|(?:poids|longueurs?|hauteurs?|puissances?|kilometrages?|surfaces?|tailles?|temperatures?|vitesses?"
    r"|consommations?|quantites?|largeurs?))"
)
_PARTS: Final = re.compile(r"ingredient|zutaten|amount|quantit|cantidad|menge")
_FACT: Final = re.compile(rf"\b{NOUN}\b")
_USUAL: Final = {
    "mass": "Weight", "area": "Area", "speed": "Speed", "power": "Power", "fuel": "Consumption", "volume": "Volume",
    "temperature": "Temperature", "energy": "Energy", "pressure": "Pressure", "data": "Capacity",
}  # fmt: skip
"""What a page most often calls a fact of a kind, where the text does not."""


def fact_noun(folded: str, conversion: Conversion) -> re.Match[str] | None:
    """Return the noun of the fact: the last before the units, else the first there is."""
    nouns = list(islice(_FACT.finditer(folded), MAX_FOUND))
    before = [n for n in nouns if n.end() <= conversion.start]
    return before[-1] if before else next(iter(nouns), None)


def fact_label(text: Text, noun: re.Match[str] | None, conversion: Conversion) -> str:
    """Return the label that a page most likely gives the fact: the noun in the singular, else what is usual."""
    if noun is None:
        far = {"mi", "km"} & {conversion.source, conversion.target}
        return _USUAL.get(conversion.kind, "Mileage" if far else "Length")
    said = text.plain[noun.start() : noun.end()].lower()
    if re.search(r"ingredient|zutaten", noun.group()):
        return "Amount"
    if said.startswith("odometer"):
        said = "odometer"
    elif said.endswith("ies"):
        said = said[:-3] + "y"
    elif said.endswith(("dades", "tudes")):
        said = said[:-2]
    elif said.endswith("s") and not said.endswith(("ss", "poids")):
        said = said[:-1]
    return said[:1].upper() + said[1:]


def is_part(noun: re.Match[str] | None) -> bool:
    """Say whether a noun is of the things that one page lists, which have no pages of their own."""
    return noun is not None and _PARTS.search(noun.group()) is not None
