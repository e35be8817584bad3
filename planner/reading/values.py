"""One JSON value out of a reply, read without recursion: what a strict reader refuses is mended and marked, or refused.

Mended is only what has one meaning: quotes of another kind, Python's words, a
trailing comma, a comment, a key said twice with one value. A value that the
text ends in is truncated; nothing is ever closed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, Never

from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json, join_pointer
from planner.reading.repairs import Repairs
from planner.reading.tokens import NotJson, Token, next_token, truncated

MAX_DEPTH: Final = 64
MAX_TOKENS: Final = 25_000
"""In all attempts at one reply; forty subtasks have some three thousand."""
_ENDED: Final = re.compile(r"\s*+(?:```|~~~|</|<\|)")
"""What ends what stands around a plan: inside of it, the plan was cut before."""
_CLOSERS: Final = {"{": "}", "[": "]"}


class Broken(Exception):
    """It began as JSON and went wrong after a first whole `"key": value`."""


class Meter:
    """What one reply may cost to read, over all attempts.

    Args:
        length: Of the reply, in characters.
    """

    def __init__(self, length: int) -> None:
        self._tokens = MAX_TOKENS
        self._characters = 8 * length + 1000

    def spend(self, characters: int) -> None:
        """Count one token.

        Raises:
            InvalidInput: `plan.reply_too_large`.
        """
        self._tokens -= 1
        self._characters -= characters
        if self._tokens < 0 or self._characters < 0:
            raise InvalidInput("plan.reply_too_large", f"a reply of over {MAX_TOKENS} tokens of JSON")


@dataclass(slots=True)
class _Frame:
    kind: str
    made: Any
    key: str = ""


@dataclass(slots=True)
class Found:
    """A value, where it ends, and what was tolerated in it."""

    value: Any
    end: int
    repairs: Repairs = field(default_factory=Repairs)


def read_value(text: str, start: int, meter: Meter) -> Found:
    """Return the object or list that begins at `start`.

    Raises:
        NotJson: Prose stands there, not JSON.
        Broken: It is JSON, and cannot be read.
        InvalidInput: `plan.reply_truncated`, `plan.reply_too_large`, `plan.reply_ambiguous`, `plan.placeholder`.
    """
    return _Reader(text, meter).read(start)


class _Reader:
    def __init__(self, text: str, meter: Meter) -> None:
        self._text = text
        self._meter = meter
        self._frames: list[_Frame] = []
        self._pairs = 0
        self._repairs = Repairs()

    def read(self, start: int) -> Found:
        at, token = start, Token("", None, start)
        want = "value"
        try:
            while want != "done":
                token = next_token(self._text, at)
                self._meter.spend(token.end - at)
                if token.kind == "end":
                    raise truncated()
                self._mark(token, at)
                at = token.end
                want = getattr(self, f"_{want}")(token)
        except NotJson as exc:
            if self._frames and _ENDED.match(self._text, at):
                raise truncated() from exc
            if self._pairs:
                raise Broken(f"{exc} at character {at}") from exc
            raise
        return Found(self._frames[0].made, at, self._repairs)

    def _value(self, token: Token) -> str:
        if token.kind in _CLOSERS:
            return self._open(token.kind)
        if token.kind not in {"string", "value"}:
            self._refuse(token)
        return self._put(token.value)

    def _item(self, token: Token) -> str:
        """Take a list's first element, or its end."""
        return self._close() if token.kind == "]" else self._value(token)

    def _item_again(self, token: Token) -> str:
        """Take an element behind a comma, or the list's end, which makes that comma too many."""
        return self._trailing() if token.kind == "]" else self._value(token)

    def _key(self, token: Token) -> str:
        if token.kind == "}":
            return self._close()
        if token.kind == "name" and token.value[0] not in ".\N{HORIZONTAL ELLIPSIS}":
            self._repairs.add("reply.bare_key", self._path(), before=token.value)
        elif token.kind != "string":
            self._refuse(token)
        self._frames[-1].key = token.value
        return "colon"

    def _key_again(self, token: Token) -> str:
        return self._trailing() if token.kind == "}" else self._key(token)

    def _colon(self, token: Token) -> str:
        if token.kind != ":":
            self._refuse(token)
        return "value"

    def _more(self, token: Token) -> str:
        kind = self._frames[-1].kind
        if token.kind == _CLOSERS[kind]:
            return self._close()
        if token.kind != ",":
            self._refuse(token)
        return "key_again" if kind == "{" else "item_again"

    def _open(self, kind: str) -> str:
        if len(self._frames) >= MAX_DEPTH:
            raise InvalidInput("plan.reply_too_large", f"a reply nested deeper than {MAX_DEPTH} levels")
        self._frames.append(_Frame(kind, {} if kind == "{" else []))
        return "key" if kind == "{" else "item"

    def _trailing(self) -> str:
        self._repairs.add("reply.trailing_comma", self._path())
        return self._close()

    def _close(self) -> str:
        if len(self._frames) == 1:
            return "done"
        return self._put(self._frames.pop().made)

    def _put(self, value: Any) -> str:
        frame = self._frames[-1]
        if frame.kind == "[":
            frame.made.append(value)
            return "more"
        self._pairs += 1
        if frame.key not in frame.made:
            frame.made[frame.key] = value
        elif canonical_json(frame.made[frame.key]) == canonical_json(value):
            self._repairs.add("reply.duplicate_key", self._path(), before=value)
        else:
            said = f"the key {frame.key[:60]!r} stands twice in one object, with two values"
            raise InvalidInput("plan.reply_ambiguous", said, where=self._path())
        frame.key = ""
        return "more"

    def _mark(self, token: Token, at: int) -> None:
        for code in token.marks:
            if not self._repairs.wants(code):
                continue
            said = self._text[at : token.end].strip()
            self._repairs.add(code, self._path(), before=said, after=_after(token))

    def _path(self) -> str:
        steps = [len(f.made) if f.kind == "[" else f.key for f in self._frames]
        return join_pointer(*(steps[:-1] if steps and steps[-1] == "" else steps))

    def _refuse(self, token: Token) -> Never:
        is_blank = token.kind == "name" and token.value[0] in ".\N{HORIZONTAL ELLIPSIS}"
        if is_blank and (self._pairs or any(frame.key for frame in self._frames)):
            raise InvalidInput(
                "plan.placeholder",
                f"{token.value[:20]!r} stands where something was to be said",
                where=self._path(),
                hint="Write the plan out.",
            )
        what = repr(token.value)[:40] if token.kind in {"name", "string", "value"} else repr(token.kind)
        raise NotJson(f"unexpected {what}")


def _after(token: Token) -> Any:
    return token.value if token.kind in {"string", "value", "name"} else token.kind
