"""Whether a reply declines, in the words models decline with, in the languages they are spoken to in."""

from __future__ import annotations

import re
from typing import Final

LOOKED_AT: Final = 600
"""Characters: who declines says so at once."""
_APOSTROPHES: Final = str.maketrans("\u2018\u2019\u02bc\u00b4`", "'''''")
_WAYS: Final = (
    r"\bi(?:'m| am)(?: so| very| really)? (?:sorry|afraid|unable|not able|not allowed)\b",
    r"\bi (?:cannot|can ?not|can't|won't|will not|must decline|have to decline|do not feel|don't feel)\b",
    r"\b(?:unable|not able) to (?:help|assist|comply|plan|create|generate|fulfil)",
    r"\bas an? (?:ai|language model|assistant)\b",
    r"\bsorry,? but\b",
    r"\bmy apologies\b|\bi apologi[sz]e\b",
    r"\bagainst (?:my|our) (?:guidelines|policy|policies|programming)\b",
    r"\bes tut mir leid\b|\bleider (?:kann|darf|ist)\b|\bich (?:kann|darf|werde) .{0,60}\bnicht\b",
    r"\blo siento\b|\blamento\b|\b(?:no|nao|n\u00e3o) (?:puedo|posso|podemos|me es posible)\b",
    r"\bd\u00e9sol\u00e9e?\b|\bje (?:ne peux|ne suis|refuse)\b|\bmalheureusement\b",
    r"\bmi (?:dispiace|spiace)\b|\bnon posso\b|\bpurtroppo\b",
    r"\bdesculpe\b|\bsinto muito\b|\binfelizmente\b",
    r"\bhet spijt me\b|\bhelaas\b|\bik kan .{0,60}\bniet\b",
    r"\bprzepraszam\b|\bniestety\b|\bnie mog\u0119\b",
    r"\bbeklager\b|\bjag kan (?:inte|tyv\u00e4rr)\b|\btyv\u00e4rr\b|\bdesv\u00e4rre\b",
    r"\b\u00fczg\u00fcn\u00fcm\b|\bmaalesef\b",
    "\u0438\u0437\u0432\u0438\u043d\u0438\u0442\u0435",
    "\u043a \u0441\u043e\u0436\u0430\u043b\u0435\u043d\u0438\u044e",
    "\u043d\u0435 \u043c\u043e\u0433\u0443",
    "\u62b1\u6b49|\u5bf9\u4e0d\u8d77|\u6211(?:\u65e0\u6cd5|\u4e0d\u80fd|\u6ca1\u529e\u6cd5)",
    "\u7533\u3057\u8a33|\u3067\u304d\u307e\u305b\u3093|\u304a\u624b\u4f1d\u3044\u3067\u304d",
    "\uc8c4\uc1a1|\ud560 \uc218 \uc5c6",
    "\u0622\u0633\u0641",
    "\u0639\u0630\u0631",
    "\u0644\u0627 \u0623\u0633\u062a\u0637\u064a\u0639",
    "\u0644\u0627 \u064a\u0645\u0643\u0646\u0646\u064a",
    "\u0915\u094d\u0937\u092e\u093e|\u092e\u093e\u092b",
)
_DECLINES: Final = re.compile("|".join(_WAYS), re.IGNORECASE)


def is_refusal(text: str) -> bool:
    """Say whether a text that holds no plan declines to make one."""
    return _DECLINES.search(text[:LOOKED_AT].translate(_APOSTROPHES)) is not None
