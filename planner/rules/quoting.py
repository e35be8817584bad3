"""What stands in quotes over several lines: text templates, and CSV with more said after it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

MAX_QUOTED: Final = 4000
MAX_UNCLOSED: Final = 50
CLOSERS: Final = {
    "'": re.compile(r"'(?!\w)"),
    '"': re.compile(r"\""),
    "`": re.compile(r"`"),
    "\u2018": re.compile(r"\u2019(?!\w)"),
    "\u201c": re.compile(r"[\u201d\u201c]"),
    "\u201e": re.compile(r"[\u201d\u201c]"),
    "«": re.compile(r"»"),
    "»": re.compile(r"«"),
}
"""Opening quote -> what closes it; an apostrophe within a word, as in "l'avis", closes nothing."""
_FENCE: Final = re.compile(r"```\w*\n?")
_OPENER: Final = re.compile(rf"(?<!\w)[{''.join(CLOSERS)}]")


def closing(text: str, start: int, opener: str) -> int:
    """Return where the quote closes that was opened before `start`; -1 when it does not."""
    match = CLOSERS[opener].search(text, start, min(len(text), start + MAX_QUOTED))
    return match.start() if match else -1


def take_templates(text: str, mask: Callable[[str, str], str]) -> str:
    """Return the text with every quote that holds a {{ place }} masked, line ends and other quotes in it too.

    Args:
        text: What may have them.
        mask: (template, as written) -> what stands for it.
    """
    if "{{" not in text:
        return text
    out: list[str] = []
    here = 0
    for start, inner, end, stop in _quoted(text):
        if "{{" in text[inner:end]:
            said = text[inner:end].strip() if text[start] in "«»" else text[inner:end]
            out += [text[here:start], mask(said, text[start:stop])]
            here = stop
    return "".join(out) + text[here:]


def _quoted(text: str) -> Iterator[tuple[int, int, int, int]]:
    """Yield (start, start of what is in it, its end, end) of each quote, outermost only."""
    at = 0
    unclosed = 0
    while unclosed < MAX_UNCLOSED and (match := _OPENER.search(text, at)) is not None:
        fence = _FENCE.match(text, match.start())
        if fence:
            end = text.find("```", fence.end())
            inner, stop = fence.end(), end + 3
        else:
            inner = match.end()
            end = closing(text, inner, match.group())
            stop = end + 1
        if end < 0 or ("\n" in text[inner:end] and "{{" not in text[inner:end]):
            unclosed += 1
            at = match.end()
            continue
        yield match.start(), inner, end, stop
        at = stop


def quoted_rows(lines: list[str], start: int, opener: str, first: str) -> tuple[list[str], str]:
    """Return the lines in a quote that begins with `first`, and what follows it on the last line; none if unclosed.

    Args:
        lines: Of the text.
        start: Of the line that `first` ends.
        opener: The quote before `first`.
        first: The rest of that line.
    """
    rows: list[str] = []
    size = 0
    for number in range(start, len(lines)):
        line = first if number == start else lines[number]
        end = closing(line, 0, opener)
        if end >= 0:
            return [*rows, line[:end].rstrip()], line[end + 1 :]
        rows.append(line)
        size += len(line)
        if size > MAX_QUOTED:
            break
    return [], ""
