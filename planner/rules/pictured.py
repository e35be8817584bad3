"""Rows told apart by whether they have a picture at all, which needs nobody to look: "lots that have no image"."""

from __future__ import annotations

import re
from typing import Final

from planner.rules.text import Text

_PICTURE: Final = (
    r"(?:photo(?:graph)?s?|pictures?|pics?|images?|fotos?|bild(?:er|ern)?|imagen(?:es)?|fotografias?"
    r"|abbildung(?:en)?)"
)
_ARTICLE: Final = (
    r"(?:(?:a|an|any|at least one|one|the|their|own|ein(?:e[nmr]?)?|mindestens ein|une?|au moins une|d'|des"
    r"|de|alguna?|ningun[ao]?|al menos una|una|las?|los)\s*)?"
)
_LACKS: Final = re.compile(
    r"\b(?:without|lack(?:s|ing)?|miss(?:es|ing)|(?:with|have|has|having|show|shows|contains?)\s+(?:no|zero)"
    r"|(?:do|does)(?:n't| not) have"
    r"|there(?: is|'s) no|ohne|(?:hat|haben|zeigen|mit)\s+kein(?:e[nrm]?)?|kein(?:e[nrm]?)?|fehlende[nsm]?|sans"
    r"|(?:n'ont|n'a|aient|ayant)\s+(?:pas|aucune)"
    r"|sin|no\s+(?:tienen?|tengan?|llevan?|traen)|carecen de)"
    rf"\s+{_ARTICLE}{_PICTURE}\b"
)
_HAS: Final = re.compile(
    r"\b(?:with|(?:that|which|who) (?:do )?(?:have|has|come with|show)|having|(?:come|comes) with|mit|(?:die"
    r"|das|der) (?:ein(?:en)?|mindestens ein)"
    r"|avec|qui ont|ayant|con|que (?:tengan?|tienen?|llev[ae]n?))"
    rf"\s+{_ARTICLE}{_PICTURE}(?:\s+(?:haben|hat|besitzen))?(?=\s*(?:$|[.,;!?)\n\ue000]"
    r"|(?:on|at|from|in|by|below|under|over|above|and|then|auf|von|unter|uber|nach|und|en|de|por|y|ordenad\w*"
    r"|sur|et|a|moins|menos|sort\w*|only|cheapest|list\w*|first)\b))"
)
_DROPPED: Final = re.compile(
    r"\b(?:drop|skip|remove|exclude|leav(?:e|ing) out|throw (?:out|away)|discard|ignor(?:e|ing)|filter out"
    r"|get rid of|omit"
    r"|entfern\w*|lass\w*|ignorier\w*|streich\w*|ausser|descarta\w*|quita\w*|elimina\w*|excluye\w*|ignora\w*"
    r"|ecarte\w*|enleve\w*|retire\w*|supprime\w*|exclu\w*|elimine\w*)\b[^.;!?\n]{0,60}$"
)
_LOOKED_AT: Final = re.compile(
    r"\b(?:blur\w*|sharp\w*|colou?rs?|unscharf\w*|farbe\w*|scharf\w*|borros\w*|color(?:es)?|flou\w*|couleurs?"
    r"|nett\w*|same"
    r"|duplicate\w*|reuse\w*|gleiche\w*|misma|meme|focus)\b"
)


def pictured_in(text: Text) -> tuple[bool | None, tuple[tuple[int, int], ...]]:
    """Return whether the rows wanted have a picture, None where nothing is said of it, and where the text says so."""
    lacks = _LACKS.search(text.folded)
    has = None if lacks or _LOOKED_AT.search(text.folded) else _HAS.search(text.folded)
    match = lacks or has
    if match is None or text.images:
        return None, ()
    is_dropped = _DROPPED.search(text.folded[max(match.start() - 120, 0) : match.start()]) is not None
    return (has is not None) is not is_dropped, (match.span(),)
