"""What a step that acts on the world waited for: it still does, on the same conditions and after the same people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from contracts.ancestry import Ancestry
from contracts.bounds_effects import deed_of
from contracts.bounds_sides import Sides, asks, out
from contracts.errors import Problem
from contracts.jsonvalue import canonical_json
from contracts.replanning import Document, documents

_HINT = "Let it wait for what it waited for, or leave it out."


def order_problems(sides: Sides) -> Iterator[Problem]:
    """Yield steps that act on the world sooner, or more easily, than in the plan in force."""
    deeds: dict[str, list[str]] = {}
    for name in sides.left - {sides.failed.subtask_id}:
        if sides.acts(sides.before[name]):
            deeds.setdefault(deed_of(sides.before[name]), []).append(name)
    acting = [(n, s) for n, s in sides.changed if deeds and deed_of(s) in deeds]
    if not acting:
        return
    order = _Order(sides)
    for n, subtask in acting:
        same = deeds[deed_of(subtask)]
        name = subtask["id"] if subtask["id"] in same else same[0]
        for said in order.missing(sides.before[name], subtask):
            yield out(f"/subtasks/{n}/dependencies", f"{subtask['id']!r} {said}", _HINT)


class _Order:
    """Who waits for whom in both plans, a bit for each step, the same in both."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._bit = {name: 1 << n for n, name in enumerate({**sides.before, **sides.after})}
        self._old, self._new = (Ancestry(documents(p), bits=self._bit) for p in (sides.old, sides.new))
        before, after = list(sides.before.values()), [s for _, s in sides.after.values()]
        ended, failed = sides.failed.ended, sides.failed.subtask_id
        self._added = self._bits(after, sides.is_new)
        self._kept = self._bits(before, lambda s: s["id"] in sides.after and s["id"] not in ended)
        self._gone = self._bits(before, lambda s: s["id"] not in sides.after and s["id"] in sides.left)
        self._asked = self._gone & self._bits(before, asks)
        self._asking = self._added & self._bits(after, asks)
        self._conditions = self._by_condition(s for s in before if s["id"] not in {*ended, failed})
        self._conditions_now = self._by_condition(after)

    def missing(self, was: Document, now: Document) -> Iterator[str]:
        """Yield in words what a step waited for and does not wait for any more.

        Args:
            was: The step in the plan in force.
            now: In the new one.
        """
        above, above_now = self._old.above(was["id"]), self._new.above(now["id"])
        lost = above & self._kept & ~above_now
        if lost:
            yield f"no longer waits for {next(n for n, bit in self._bit.items() if bit & lost)!r}"
        if any(
            bits & above and not self._conditions_now.get(text, 0) & above_now
            for text, bits in self._conditions.items()
        ):
            yield "no longer waits for the condition of a step before it"
        if (above & self._asked).bit_count() > (above_now & self._asking).bit_count():
            yield "no longer waits for a person to be asked before it"
        in_order = [name for name in was["dependencies"] if self._bit[name] & self._gone]
        unread = [n for n in in_order if self._sides.before[n]["output_key"] not in was["input_keys"]]
        if unread and not above_now & self._added:
            yield f"no longer waits for anything in place of {unread[0]!r}"

    def _bits(self, subtasks: Iterable[Document], is_one: Callable[[Document], bool]) -> int:
        return sum(self._bit[s["id"]] for s in subtasks if is_one(s))

    def _by_condition(self, subtasks: Iterable[Document]) -> dict[str, int]:
        found: dict[str, int] = {}
        for subtask in subtasks:
            if "when" in subtask:
                text = canonical_json(subtask["when"])
                found[text] = found.get(text, 0) | self._bit[subtask["id"]]
        return found
