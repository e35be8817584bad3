"""What asks for a value to be passed through the echo guest, in whatever words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from planner.chaining.call import Call
from planner.rules.draft import Draft
from planner.rules.guest_names import ECHO, Sense
from planner.rules.text import JSON_MARK, QUOTE_MARK, Text

_NAME: Final = r"(?:echo|eco)"
_GUEST: Final = r"(?:guest|module?|agente?|agent|tool|modulo|gast|plugin|wasm)"
_PASSES: Final = (
    r"(?:run|pass|send|pipe|put|push|hand|feed|give|route|throw|shove|forward|bounce|jag|schick|leit|gib|reich|fuhr|lass"
    r"|pas[ae]|mand|envi|met[ae]|hazl[oa]|faites|fais|envoi|transmet|donn)\w*"
)
_STOPS: Final = (
    rf"(?=\s*(?:[.,;:!?)]|$|[{JSON_MARK}{QUOTE_MARK}])|[ -]+{_GUEST}\b"
    r"|\s+(?:and|then|as|with|please|pls|plz|again|too|back|so|for me|und|dann|bitte|als|zuruck|y|luego|por favor|como|et"
    r"|puis|stp|svp|en|comme|weiter|laufen|gehen|schicken)\b)"
)
"""What may follow the guest's name; a noun may not: "echo speakers"."""
_RETURNS: Final = (
    r"(?:return|give|hand|send|get|bounce|repeat|reply|show|print|say|devuel\w*|regres\w*|repit\w*|responde|muestra\w*"
    r"|gib|gebt|geben|schick\w*|wiederhol\w*|zeig\w*|antworte|rend[sz]?|rendez|renvo\w*|retourn\w*|repet\w*"
    r"|redonne\w*|affiche\w*)(?:-\w+)?"
)
_WITH: Final = (
    r"(?:with|using|by|per|mit|via|uber|con|usando|mediante|avec|par|en utilisant)\s+"
    r"(?:the |dem |das |den |el |le |l['\u2019]\s*)?"
)
_AS_IS: Final = (
    r"(?:as (?:it|they) (?:is|are)|as is|unchanged|unverandert\w*|tal cual|sin cambios"
    r"|telle?s? quelle?s?|inchange\w*)"
)
_RESULT: Final = re.compile(
    rf"\b(?:{_AS_IS}|results?|outcome|it|them|that|ergebnis\w*|das|resultado\w*|eso|resultats?|cela)\b"
)
"""What is handed on, where it does not stand in the text itself."""
_THEN_WHAT: Final = (
    r"|\s+(?:the|this|these|el|la|los|las|est[aeo]s?|le|les|ce|cet|cette"
    r"|das|den|die|dies\w*|what|lo que|zuruck)\b"
)
"""What is given back, said after the guest: "con eco el objeto"."""
_ECHO: Final = re.compile(
    rf"(?:^|[.;:!?,\n]|->|=>|\b(?:and|then|und|dann|y|et|please|bitte|just|to|you|before|by))\s*"
    rf"(?P<verb>echo(?:ing)?)\s+(?:back|out|this"
    rf"|the|that|it|me|to|them|those|what|whatever|[{QUOTE_MARK}{JSON_MARK}])"
    rf"|\b(?:run|call|use|invoke|try)\s+(?:the\s+)?(?P<used>echo)\s+(?:on|with|for|over)\b"
    r"|\b(?:through|thru|via|durchs|durch (?:das|den)|par l['\u2019]?|por el|a traves del?|por)\s*"
    rf"(?:the |{_GUEST}[ -])?(?P<way>{_NAME}){_STOPS}"
    rf"|\b{_PASSES}\b[^.;!?\n]{{0,80}}?\s(?:to|into|on|ans|an (?:das|den)|ins|in (?:das|den)|al"
    r"|a l['\u2019]?|dans l['\u2019]?)\s*"
    rf"(?:the |{_GUEST}[ -])?(?P<target>{_NAME}){_STOPS}"
    rf"|(?:->|=>|\|)\s*(?P<arrow>echo){_STOPS}"
    rf"|\b{_RETURNS}\b[^.;!?\n]{{0,80}}?\b{_WITH}(?P<giver>{_NAME})(?:{_STOPS}{_THEN_WHAT})"
    rf"|^\s*{_WITH}(?P<leader>{_NAME})\b[^.;!?\n]{{0,40}}?\b(?:{_RETURNS}|back|zuruck|{_AS_IS})\b|^\s*(?P<label>{_NAME})\s*:\s*[{QUOTE_MARK}{JSON_MARK}]"
)


def echo_calls(text: Text, draft: Draft) -> Iterator[Sense]:
    """Yield a call that passes on what a text speaks of."""
    match = _ECHO.search(text.folded)
    if match is None or match.lastgroup is None:
        return
    is_handed = text.values or text.quotes or not text.urls or _RESULT.search(match.group())
    if match.lastgroup != "giver" or is_handed:  # else "lots with echo": of rows, no guest
        yield Call(draft.cards[ECHO], match.start(match.lastgroup)), ()
