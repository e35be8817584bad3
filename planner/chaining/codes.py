"""Names of languages, currencies and countries, and the codes that agents take for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from planner.chaining.schemas import is_like

_LANGUAGES: Final = """
en: english englisch* ingles anglais; de: german deutsch* aleman allemand; fr: french franzosisch* frances
francais; es: spanish spanisch* espanol espagnol; it: italian italienisch* italiano italien; pt: portuguese
portugiesisch* portugues portugais; nl: dutch niederlandisch* holandes neerlandais; pl: polish polnisch* polaco
polonais; ru: russian russisch* ruso russe; ja: japanese japanisch* japones japonais; zh: chinese chinesisch*
chino chinois; ko: korean koreanisch* coreano coreen; ar: arabic arabisch* arabe; tr: turkish turkisch* turco
turc; sv: swedish schwedisch* sueco suedois; da: danish danisch* danes danois; no: norwegian norwegisch* noruego
norvegien; fi: finnish finnisch* fines finnois; cs: czech tschechisch* checo tcheque; el: greek griechisch*
griego grec; uk: ukrainian ukrainisch* ucraniano ukrainien; hi: hindi
"""
_CURRENCIES: Final = """
USD: dollar dollars dolares; EUR: euro euros; GBP: pound pounds sterling pfund libras livres; JPY: yen; CHF:
franken franc francs francos; CNY: yuan; INR: rupee rupees; SEK: kronor krona; PLN: zloty; CAD: canadian; AUD:
australian
"""
_COUNTRIES: Final = """
DE: germany deutschland alemania allemagne; FR: france frankreich francia; ES: spain spanien espana espagne; IT:
italy italien italia italie; GB: uk britain grossbritannien; US: usa america; AT: austria osterreich autriche;
CH: switzerland schweiz suiza suisse; NL: netherlands niederlande holanda; PL: poland polen polonia pologne; PT:
portugal; BE: belgium belgien belgica belgique; SE: sweden schweden suecia suede; DK: denmark danemark
dinamarca; NO: norway norwegen noruega; JP: japan japon; CN: china chine; IN: india indien inde; BR: brazil
brasilien brasil bresil; CA: canada kanada; MX: mexico mexiko mexique; IE: ireland irland irlanda irlande; AU:
australia australien; FI: finland finnland; GR: greece griechenland grecia grece
"""


def _read(listing: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    pairs = (part.split(":") for part in listing.replace("\n", " ").split(";"))
    return tuple((code.strip(), tuple(names.split())) for code, names in pairs)


_ABOUT: Final = (
    (re.compile(r"\blang"), re.compile(r"\biso[- ]?639|\bcode\b"), _read(_LANGUAGES)),
    (re.compile(r"\bcurrenc|\biso[- ]?4217"), re.compile(r"\bcode\b|\biso[- ]?4217"), _read(_CURRENCIES)),
    (re.compile(r"\bcountr"), re.compile(r"\bcode\b|\biso[- ]?3166|\balpha-?2"), _read(_COUNTRIES)),
)


def coded(name: str, schema: Mapping[str, Any], folded: str) -> Iterator[tuple[str, int]]:
    """Yield the codes of what a folded text names, and where, for a parameter that takes codes of its kind.

    Args:
        name: The parameter's.
        schema: The parameter's.
        folded: The text.
    """
    choices, pattern = schema.get("enum"), schema.get("pattern")
    described = f"{name.replace('_', ' ')} {str(schema.get('description', ''))[:300]}".lower()
    is_short = isinstance(schema.get("maxLength"), int) and schema["maxLength"] <= 3
    for kind, of_codes, table in _ABOUT:
        shaped = isinstance(pattern, str) and not is_like(pattern, "germany")
        is_coded = shaped or is_short or of_codes.search(described) is not None
        for code, names in (
            table if isinstance(choices, list) or (is_coded and kind.search(described)) else ()
        ):
            fitting = _fitting(code, choices, pattern)
            if fitting is None:
                continue
            for said in names:
                found = re.search(rf"\b{said[:-1]}\w*" if said.endswith("*") else rf"\b{said}\b", folded)
                if found:
                    yield fitting, found.start()


def _fitting(code: str, choices: Any, pattern: Any) -> str | None:
    forms = (code, code.upper(), code.lower())
    if isinstance(choices, list):
        return next((f for f in forms if f in choices), None)
    if isinstance(pattern, str):
        return next((f for f in forms if is_like(pattern, f)), None)
    return code
