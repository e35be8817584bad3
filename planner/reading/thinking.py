"""The thinking a model shows before its answer: left out, and never read for a plan."""

from __future__ import annotations

from typing import Final

from planner.reading.tokens import truncated

TAGS: Final = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("[THINK]", "[/THINK]"),
    ("\N{WHITE LEFT-POINTING TRIANGLE}think\N{WHITE RIGHT-POINTING TRIANGLE}",
     "\N{WHITE LEFT-POINTING TRIANGLE}/think\N{WHITE RIGHT-POINTING TRIANGLE}"),
    ("<|channel|>analysis", "<|channel|>final"),
    ("<|channel|>analysis", "<|end|>"),
    ("<|start|>assistant<|channel|>analysis", "<|end|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<seed:think>", "</seed:think>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<analysis>", "</analysis>"),
)  # fmt: skip
MOST: Final = 8
"""Blocks, one behind the other."""
_ANSWERS: Final = frozenset('{["`')
"""What an answer begins with: an object, a list, a string of JSON, a fence."""


def without_thinking(text: str) -> str:
    """Return a reply without the thinking it begins with.

    Raises:
        InvalidInput: `plan.reply_truncated`, the thinking never ends.
    """
    for _ in range(MOST):
        tags = [t for t in TAGS if text[:60].lower().startswith(t[0].lower())]
        if not tags:
            break
        plain = text.lower()
        ends = ((plain.find(close.lower(), len(opener)), len(close)) for opener, close in tags)
        end, length = next((found for found in ends if found[0] >= 0), (-1, 0))
        if end < 0:
            raise truncated()
        text = text[end + length :].strip()
    return text


def after_thinking(text: str) -> str | None:
    """Return what follows a thinking block that the prompt had opened, if that looks like an answer.

    The tag may as well stand in a string of the plan: there it has no line of its own, no object begins
    behind it, and what stands before it begins like JSON.
    """
    if text[:1] in _ANSWERS:
        return None
    for _, close in TAGS:
        cut = text.rfind(close)
        rest = text[cut + len(close) :]
        if cut < 0 or not (rest.startswith("\n") or text[:cut].endswith("\n")):
            continue
        if rest.lstrip()[:1] in _ANSWERS:
            return rest.strip()
    return None
