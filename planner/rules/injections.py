"""Instructions to the planner itself, smuggled into an objective: left out, and said to be."""

from __future__ import annotations

import re
from typing import Final

_ORDERS: Final = (
    r"(?:all |any |every |each |your |the |my |these |those |previous |prior |earlier |above |preceding "
    r"|former |other |foregoing |existing |system |safety "
    r"|alle |allen |deine |die |vorherigen |bisherigen |obigen |todas |tus |las |instrucciones |anteriores |previas "
    r"|toutes |tes |vos |les |precedentes |ci-dessus )*"
)
_WHAT: Final = (
    r"(?:instructions?|prompts?|rules?|orders|directions|directives|guidelines|guardrails|constraints"
    r"|messages?|above|everything(?: above| before)?|training|policy|policies"
    r"|anweisungen|regeln|vorgaben|befehle|instruktionen|instrucciones|reglas|ordenes|consignes|regles|directives)"
)
_ROLE: Final = (
    r"</?\s*(?:system|assistant|user|objective|instructions?|admin|prompt|developer|tool)\b[^>\n]{0,40}>"
    r"|\[/?(?:inst|system|assistant)\]|<\|[^|\n]{1,30}\|>"
    r"|#{2,}\s*(?:system|instructions?|new|assistant)|\b(?:system|assistant|developer|admin"
    r"|root)\s*(?:prompt|message|note|override)?\s*:"
)
_BREAKING: Final = re.compile(
    rf"\b(?:ignore|disregard|forget|override|bypass|skip|drop|discard|ignorier\w*|vergiss|vergesst"
    rf"|missachte\w*|umgeh\w*|ignora\w*|olvida\w*|omite\w*"
    rf"|descarta\w*|oublie[rz]?|neglige\w*|contourne\w*|ne tiens? (?:pas|aucun) compte (?:de"
    rf"|des))\b\W+(?:of )?{_ORDERS}{_WHAT}\b"
    r"|\b(?:new|neue|nueva|nouvelle|updated|additional|important|secret|hidden) (?:rule|rules"
    r"|instructions?|system prompt|policy|regeln?|anweisung(?:en)?|reglas?|regle|orden)"
    r"\b(?=\W|$)|\bfrom now on\b|\bab jetzt\b|\bab sofort\b|\ba partir de ahora\b|\bdesormais\b"
    r"|\bdeveloper mode\b|\bjailbreak\w*"
    r"|\byou are (?:now |no longer |an? (?:unrestricted|evil|different))|\bpretend (?:to be|you)"
    r"|\bact as (?:if|a|an|the)\b|\bdu bist (?:jetzt|nun)\b|\bahora eres\b|\btu es maintenant\b"
    r"|\b(?:your|the) (?:real|true|actual|hidden) (?:task|goal|instructions?|objective)"
    r"|\b(?:add|use|call|run|invoke|include|insert|spawn|register|append|plan with|benutze|verwende|rufe"
    r"|nutze|usa|utiliza|llama|ajoute|utilise|anade|agrega)\b"
    r"\W+(?:an? |the |el |la |un |une |l'|den |die |einen |also )?(?:new |extra |second |hidden "
    r"|nuevo )?(?:agente?n?|tool|subtask|step) (?:called |named |namens |llamado |nomme )?"
    r"[\"'\ue001]?\s*(?:shell|root|admin|exec|bash|sudo|system|python|eval|http|email|mailer|browser|cmd"
    r"|payments?|database|db)\b"
    rf"|{_ROLE}"
    r"|\brequired_agent\b|\"subtasks\"|\bsubtasks\s*[:=]"
)
_ROLES: Final = re.compile(_ROLE)
_STOP: Final = re.compile(r"[.!?;\n]")
_NEXT: Final = re.compile(
    r"\W*(?:instead|stattdessen|en su lugar|en cambio|a la place|au lieu|before that|first|then|also"
    r"|reply|answer|respond|output|send|post|email|print|"
    r"delete|run|call|exfiltrate|reveal|leak|upload|forward|sende|schick|loesche|envia|manda|envoie|you"
    r"|du|use|do|grant|give me (?:the |your )?(?:system|password|key|token|secret))\b")  # fmt: skip
_THEN: Final = re.compile(
    r"\b(?:danach|afterwards|after that|and then|then|besides|ademas|despues|luego|ensuite|puis|apres)\b"
)

_ALSO: Final = re.compile(
    r"(?:also|first|then|auch|zuerst|tambien|primero|aussi|d'abord)\b[\s,]+(?:please\s+|bitte\s+)?"
    r"(?:list|find|show|count|convert|sort|compare|average|sum|add up|check|read|fetch|what|which|how|when|tell me"
    r"|finde|zeige|zahle|sortiere|busca|muestra|cuenta|trouve|montre|compte)\b"
)


def injected_spans(folded: str) -> list[tuple[int, int]]:
    """Return where a folded text gives instructions to whoever plans, in order; quoted material is masked already."""
    found: list[tuple[int, int]] = []
    here = 0
    while (match := _BREAKING.search(folded, here)) is not None:
        is_role = _ROLES.fullmatch(match.group()) is not None
        start = match.start() if is_role else _start(folded, match.start(), here)
        end = _end(folded, match)
        found.append((start, end))
        here = max(end, match.end())
    return found


def _start(folded: str, at: int, floor: int) -> int:
    """Return where the sentence or the clause begins that holds an instruction."""
    best = floor
    for stop in re.finditer(
        r"[.!?;:,\n]\s|\s(?:--?|[\N{EN DASH}\N{EM DASH}])\s|\b(?:and|then|und|dann|y|et)\b|[}\])>]",
        folded[floor:at],
    ):
        best = floor + stop.end()
    return best


def _end(folded: str, match: re.Match[str]) -> int:
    """Return where it ends: with its sentence and those that go on with it; with its line where it plays a role."""
    here = _stop(folded, match.end())
    if _ROLES.fullmatch(match.group()):
        closing = re.compile(r"</\s*\w+\s*>").search(folded, match.end())
        line = folded.find("\n", match.end())
        return (
            closing.end()
            if closing and not match.group().startswith("</")
            else line
            if line >= 0
            else len(folded)
        )
    while here < len(folded) and _NEXT.match(folded, here) and not _is_honest(folded, here):
        here = _stop(folded, here + 1)
    return here


def _stop(folded: str, at: int) -> int:
    match = _STOP.search(folded, at)
    return match.end() if match else len(folded)


def _is_honest(folded: str, at: int) -> bool:
    """Say whether a sentence goes back to what was asked: "then sum 3, 4 and 5"."""
    rest = folded[at:].lstrip(" .!?;\n")
    return _THEN.match(rest) is not None or _ALSO.match(rest) is not None
