"""Whether what a step gives can be what the next one takes: the schemas on both ends of every key.

Only what can never fit is told; see `planner.checks.fits` for what that means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from contracts.errors import Problem
from contracts.jsonvalue import join_pointer, sha256_of
from planner.checks.fits import described
from planner.checks.inputs import Inputs
from planner.checks.known import KnownCard, keep
from planner.checks.look import Look
from planner.checks.schema_walk import ANY_INDEX, ANYTHING, Place, named, walk

CODE: Final = "plan.type_mismatch"
MOST_OFFERED: Final = 40
NOTHING_THERE: Final = "nothing can be there"

_Source = tuple[str, str, str]
"""A key, a pointer into it, and the pointer to the list whose element is meant, or `-`."""

_Wanted = Callable[[], Place | None]

_Ask = tuple[str, ...]
"""What a source is held against, as a name to remember the answer by: an agent and a parameter, or a list."""
A_LIST: Final[Place] = Place({"type": "array"}, {})


class _Use(NamedTuple):
    """A source given to a parameter."""

    number: int
    subtask: Mapping[str, Any]
    name: str
    place: tuple[str | int, ...]
    """In the subtask."""
    meant: _Source


def flow_problems(look: Look) -> Iterator[Problem]:
    """Yield each source that cannot be what it is given for."""
    flow = _Flow(look)
    for index, subtask in enumerate(look.subtasks):
        wrong = list(flow.list_problems(index, subtask)) if "foreach" in subtask else []
        yield from wrong
        if subtask["input_keys"]:
            yield from flow.source_problems(index, subtask, but=subtask["foreach"]["key"] if wrong else None)
        if "output_schema" in subtask:
            yield from flow.output_problems(index, subtask)


class _Flow:
    def __init__(self, look: Look) -> None:
        self._look = look
        self._inputs = Inputs(look.inputs, look.fits.steps)
        self._givers: dict[str, tuple[object, ...]] = {}
        self._seen: dict[tuple[object, ...], str | None] = {}

    def source_problems(
        self, index: int, subtask: Mapping[str, Any], *, but: str | None
    ) -> Iterator[Problem]:
        """Yield the parameters whose source does not fit them; `but` is a key of which something was said."""
        cards = list(self._look.agents(subtask))
        each: Mapping[str, Any] = subtask.get("foreach", {})
        for name, source, place in self._look.arguments(subtask):
            if "key" not in source or source["key"] == but:
                continue
            key, pointer = source["key"], source.get("pointer", "")
            if pointer and pointer[0] != "/":
                continue
            meant = (key, pointer, each.get("pointer", "") if each.get("key") == key else "-")
            for card in cards:
                why = self._why_not(meant, card, name)
                if why is not None and not (why == NOTHING_THERE and self._is_never_run(subtask)):
                    yield self._problem(_Use(index, subtask, name, place, meant), card, why)
                    break

    def list_problems(self, index: int, subtask: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield the foreach that runs over what is never a list."""
        each = subtask["foreach"]
        pointer = each.get("pointer", "")
        if pointer and pointer[0] != "/":
            return
        why = self._asked((each["key"], pointer, "-"), A_LIST, "a list")
        if why is not None and not (why == NOTHING_THERE and self._is_never_run(subtask)):
            what = f"{each['key']}{pointer[:60]}"
            said = f"{subtask['id']!r} runs for each of {what!r}, {self._from(each['key'])}: {_told(why, pointer)}"
            yield Problem(CODE, f"/subtasks/{index}/foreach", said, self._offers(each["key"], A_LIST))

    def output_problems(self, index: int, subtask: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield the output_schema that nothing its agents give can keep."""
        text = sha256_of(subtask["output_schema"])
        reasons = [self._never_kept(card, subtask, text) for card in self._look.agents(subtask)]
        if reasons and all(reasons):
            said = f"{subtask['id']!r} asks of {subtask['required_agent'][:80]} what it never gives: {reasons[0]}"
            hint = f"`callsheet agents show {subtask['required_agent'][:80]}` says what it gives."
            yield Problem(CODE, f"/subtasks/{index}/output_schema", said, hint)

    def _never_kept(self, card: KnownCard, subtask: Mapping[str, Any], text: str) -> str | None:
        seen = (card.card.name, text)
        if seen not in self._seen:
            wanted = Place(subtask["output_schema"], {})
            self._seen[seen] = self._look.fits.why_not(card.output, wanted)
        return self._seen[seen]

    def _why_not(self, meant: _Source, card: KnownCard, name: str) -> str | None:
        key, pointer, each = meant
        seen = (*self._giver(key), pointer, each, card.card.name, name)
        if seen not in self._seen:
            steps = self._look.fits.steps
            ask = (card.card.name, *card.usual(name.split(".")))
            self._seen[seen] = self._apart(meant, lambda: card.wanted(name, steps), ask)
        return self._seen[seen]

    def _giver(self, key: str) -> tuple[object, ...]:
        """Return what tells a key's giver from others: what the same agents give is the same question."""
        if key not in self._givers:
            writer = self._look.writers.get(key)
            if writer is None or key in self._look.inputs:
                return (key,)
            agents = (writer["required_agent"], writer.get("fallback_agent"))
            text = sha256_of(writer["output_schema"]) if "output_schema" in writer else ""
            self._givers[key] = (*agents, "foreach" in writer, text)
        return self._givers[key]

    def _asked(self, meant: _Source, wanted: Place, name: str) -> str | None:
        """Return why a source is never what is wanted of it, whatever agent it is given to."""
        seen = (*meant, name)
        if seen not in self._seen:
            self._seen[seen] = self._apart(meant, lambda: wanted, (name,))
        return self._seen[seen]

    def _is_never_run(self, subtask: Mapping[str, Any]) -> bool:
        """Say whether a subtask waits for something to be where nothing can be: it is skipped, and does no harm."""
        when: Mapping[str, Any] = subtask.get("when", {})
        pointer = when.get("pointer", "")
        if not when or when["op"] in {"empty", "ne"} or (pointer and pointer[0] != "/"):
            return False
        return self._asked((when["key"], pointer, "-"), ANYTHING, "anything") == NOTHING_THERE

    def _apart(self, meant: _Source, wanted: _Wanted, ask: _Ask) -> str | None:
        """Return why a source does not fit; of a subtask that falls back on another agent either may fit."""
        key = meant[0]
        if key in self._look.inputs:
            place = self._given_by_caller(meant)
            return NOTHING_THERE if place is None else self._held(place, wanted())
        writer = self._look.writers.get(key)
        if writer is None:
            return None
        givers = list(self._look.agents(writer))
        if len(givers) < 1 + ("fallback_agent" in writer):
            return None  # an agent that does not exist may give anything
        tokens = _tokens(meant)
        reasons = [self._by_cards(giver, writer, tokens, wanted, ask) for giver in givers]
        why = reasons[0] if all(reasons) else None
        if why is None and "output_schema" in writer:
            schema = writer["output_schema"]
            many = {"type": "array", "items": schema} if "foreach" in writer else schema
            place = walk(Place(many, {}), tokens, self._look.fits.steps)
            return NOTHING_THERE if place is None else self._held(place, wanted())
        return why

    def _by_cards(
        self,
        giver: KnownCard,
        writer: Mapping[str, Any],
        tokens: Sequence[str],
        wanted: _Wanted,
        ask: _Ask,
    ) -> str | None:
        steps, many = self._look.fits.steps, "foreach" in writer
        key = (giver.card.name, many, giver.usual(tokens), ask)
        kept = self._look.known.fits
        if key not in kept:
            place = giver.given(tokens, steps, many=many)
            why = NOTHING_THERE if place is None else self._held(place, wanted())
            if steps.left <= 0:
                return why
            keep(kept, key, why)
        return kept[key]

    def _held(self, given: Place, wanted: Place | None) -> str | None:
        if wanted is None or not isinstance(wanted.part, Mapping) or not wanted.part:
            return None  # a name it does not take is told apart
        return self._look.fits.why_not(given, wanted)

    def _given_by_caller(self, meant: _Source) -> Place | None:
        key, pointer, each = meant
        return (
            self._inputs.at(key, pointer) if each == "-" else self._inputs.within(key, each, _split(pointer))
        )

    def _problem(self, use: _Use, card: KnownCard, why: str) -> Problem:
        key, pointer, _ = use.meant
        wanted = card.wanted(use.name, self._look.fits.steps) or ANYTHING
        what = f"{key}{pointer[:60]}"
        gives = f"{use.subtask['id']!r} gives {card.card.name} {what!r} as its {use.name[:60]!r}"
        said = f"{gives}, {self._from(key)}: {_told(why, pointer)}"
        at = (
            (*use.place, "pointer")
            if why == NOTHING_THERE and pointer and use.place[0] == "bind"
            else use.place
        )
        takes = f"It takes {described(wanted.part)}. " if isinstance(wanted.part, Mapping) else ""
        return Problem(
            CODE, join_pointer("subtasks", use.number, *at), said, f"{takes}{self._offers(key, wanted)}"
        )

    def _from(self, key: str) -> str:
        writer = self._look.writers.get(key)
        if key in self._look.inputs or writer is None:
            return "which the caller gives"
        return f"which {writer['id']!r} writes ({writer['required_agent'][:80]})"

    def _offers(self, key: str, wanted: Place) -> str:
        """Return the fields of what a key holds that fit, as a hint."""
        writer = self._look.writers.get(key)
        givers = (
            list(self._look.agents(writer)) if writer is not None and key not in self._look.inputs else []
        )
        if not givers or writer is None or "foreach" in writer:
            return "Bind another key, or another pointer."
        steps = self._look.fits.steps
        fitting = [
            f"/{name}"
            for name in islice(named(givers[0].card.gives.get("properties")), MOST_OFFERED)
            if (place := givers[0].given([name], steps, many=False)) is not None
            and self._held(place, wanted) is None
        ]
        if not fitting:
            return f"Nothing that {givers[0].card.name} gives fits: use another step's output."
        return f"Of what {givers[0].card.name} gives, {', '.join(fitting[:6])} may fit."


def _told(why: str, pointer: str) -> str:
    return f"it has nothing at {pointer[:60]!r}" if why == NOTHING_THERE and pointer else why


def _tokens(meant: _Source) -> list[str]:
    _, pointer, each = meant
    before = [] if each == "-" else [*_split(each), ANY_INDEX]
    return [*before, *_split(pointer)]


def _split(pointer: str) -> list[str]:
    return [t.replace("~1", "/").replace("~0", "~") for t in pointer.split("/")[1:]]
