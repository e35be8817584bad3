"""Pages named one by one and held against each other by some of their fields: "side by side: price, year, hours"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

from planner.rules.fact_names import NOUN
from planner.rules.nouns import column_of
from planner.rules.text import Text

MAX_FIELDS: Final = 20
_COMPARES: Final = re.compile(
    r"\b(?:compar\w*|vergleich\w*|gegenuber\w*|side by side|next to|nebeneinander|gegeneinander|lado a lado|frente a"
    r"|cote a cote|face a face|vs|versus|of (?:each|both|the two|them)|for (?:each|both)|between|beider|(?:von )?beiden"
    r"|jeweils|cada un[oa]|amb[oa]s|l[oa]s dos|chacune?|les deux|differ\w*|unterschied\w*|against|stack up)\b"
)
_FIELD: Final = re.compile(
    rf"\b(?:{NOUN}|(?:asking |starting |kauf|miet)?(?:price|preis|precio|prix)|(?:model )?year|baujahr|jahr|ano|annee"
    r"|(?:operating |engine |running |working )?hours(?! (?:left|remain|until|to go))|betriebsstunden|horas(?: de uso)?"
    r"|heures(?: de (?:service|fonctionnement))?|make(?= *(?:,|and\b|$))|brand|manufacturer|marke|hersteller|marca|marque"
    r"|model|modell|modelo|modele|(?:bed|bath)?rooms|zimmer(?:zahl)?|habitaciones|pieces|condition|zustand|estado|etat"
    r"|colou?r|farbe|couleur|location|standort|ubicacion|seller|verkaufer|vendedor|vendeur|warranty|garantie|garantia"
    r"|engine|motor|moteur|fuel|gearbox|transmission|getriebe|doors|seats|age|rent|miete|alquiler|loyer|rating|bewertung"
    r"|memory|ram|storage|battery|akku|bateria|batterie|resolution|material|tonnage|deposit|kaution|fianza)\b"
)
_MANY: Final = re.compile(r"\b(?:prices|preise|precios)\b")


@dataclass(frozen=True)
class Fields:
    """What of each page is wanted beside that of the others."""

    columns: dict[str, str]
    """Report column -> pointer into a page."""
    start: int
    end: int
    is_priced: bool


def fields_in(text: Text) -> Fields | None:
    """Return the fields by which a text compares the pages it names; None where it names no two, or no field."""
    if len(text.urls) < 2 or not _COMPARES.search(text.folded) or _MANY.search(text.folded):
        return None
    found = list(islice(_FIELD.finditer(text.folded), MAX_FIELDS))
    if not found:
        return None
    columns: dict[str, str] = {}
    for match in found:
        said = text.plain[match.start() : match.end()]
        is_price = column_of(match.group().split()[-1]) == "price"
        name = "price" if is_price else re.sub(r"\W+", "_", match.group()).strip("_")
        label = said[:1].upper() + said[1:].lower()
        columns[name] = "/prices/0/amount" if is_price else f"/facts/{label}"
    return Fields(columns, found[0].start(), found[-1].end(), "price" in columns)
