"""Repeats that rows at hand are to be without: "drop the doubles", "jede Stadt nur einmal"; over folded text."""

from __future__ import annotations

import re
from typing import Final

_REPEAT: Final = (
    r"(?:repeat\w*|repetition\w*|duplicat\w*|dupes?|doubles?|doubled|doppel\w*|doppelt\w*|dublette\w*|duplikat\w*"
    r"|wiederhol\w*|mehrfach\w*|repetid[ao]s?|repeticion\w*|duplicad[ao]s?|doublons?|repetee?s?|repetitions?|dupliquee?s?)"
)
_DROP: Final = (
    r"(?:drop\w*|remov\w*|without|skip\w*|leav\w+ out|left out|exclud\w*|get(?:ting)? rid of|got rid of|strip\w*|weed\w*"
    r"|eliminat\w*|clear\w*|delet\w*|ohne|entfern\w*|streich\w*|gestrichen|losch\w*|wirf|werf\w*|nimm|lass|quit\w*|sin"
    r"|elimin\w*|descart\w*|borr\w*|suprim\w*|enlev\w*|retir\w*|supprim\w*|sans|ecart\w*|oter?|throw\w*)"
)
_PAUSE: Final = r"[^.;!?\n\ue000-\ue005]{0,40}?"
DROPS: Final = re.compile(
    rf"\b{_DROP}\b{_PAUSE}\b{_REPEAT}(?: (?:rows?|lines?|entries|records|values?|ones))?\b"
    rf"|\b{_REPEAT}\b{_PAUSE}\b(?:dropped|removed|gone|left out|entfernt|weg|raus|gestrichen|geloscht)\b"
    r"|\bde-?dup\w*|\b(?:each|every(?:thing)?|jede\w*|cada \w+|chaque \w+)\b[^.;!?\n]{0,24}?"
    r"\b(?:only once|once only|just once|nur einmal|una sola vez|solo una vez|une seule fois)\b"
)
"""What asks for repeats to go; none of it is a deed of its own."""
ALONE: Final = re.compile(r"\b(?:distinct|unique|eindeutig\w*|unic[ao]s|uniques)\b")
"""What asks for them to go without a verb: "the distinct cities"."""


def drops_repeats(folded: str) -> bool:
    """Say whether repeats of rows are to go."""
    return DROPS.search(folded) is not None or ALONE.search(folded) is not None
