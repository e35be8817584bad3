"""Agents that open a file for others: of "count the words of invoice.pdf", the one whose card speaks of PDF."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from planner.chaining.call import Call
from planner.chaining.concepts import concept
from planner.chaining.feeding import needed
from planner.chaining.found import words_of
from planner.chaining.outputs import TEXTUAL
from planner.chaining.phrased import FILE_NAMES
from planner.chaining.profiles import Profile
from planner.chaining.schemas import properties_of, types_of
from planner.rules.text import FILE_MARK, Text

KINDS: Final = {
    ending: kind
    for kind, endings in (
        ("audio", "mp3 wav ogg oga m4a flac aac opus"),
        ("video", "mp4 mov mkv webm avi"),
        ("spreadsheet", "xls xlsx ods"),
        ("word", "doc docx odt"),
        ("calendar", "ics"),
    )
    for ending in endings.split()
}
"""A file's ending -> what its kind is called."""


def opening_calls(text: Text, profiles: Sequence[Profile], *, called: Collection[str]) -> Iterator[Call]:
    """Yield a call of the one agent that opens a file the text names, unless an agent at hand is called for it.

    Args:
        text: What is asked.
        profiles: Of the agents no recipe knows.
        called: Names of agents that are called already.
    """
    places = [at for at, char in enumerate(text.plain) if char == FILE_MARK]
    for name, at in list(zip(text.files, places, strict=False))[:1]:
        ending = name.rpartition(".")[2].lower()
        said = {concept(ending), concept(KINDS.get(ending, ending))}
        fitting = [p for p in profiles if said & (p.strong | p.weak) and _opens(p, said)]
        if len(fitting) == 1 and fitting[0].card.name not in called:
            yield Call(fitting[0].card, at, reach=(at, at + 1))


def wants_text(call: Call) -> bool:
    """Say whether a call must have a text that is not known yet."""
    return any(n in TEXTUAL and n not in call.presets for n in needed(call))


def _opens(profile: Profile, said: set[str]) -> bool:
    """Say whether all that an agent must have is one file, and it gives a text."""
    must = [str(n) for n in profile.card.takes.get("required", ())]
    taken: Any = properties_of(profile.card.takes)
    is_file = len(must) == 1 and bool(
        words_of(must[0], taken.get(must[0])) & FILE_NAMES or {concept(w) for w in must[0].split("_")} & said
    )
    gives = properties_of(profile.card.gives)
    return is_file and any(n in TEXTUAL and types_of(s) == {"string"} for n, s in gives.items())
