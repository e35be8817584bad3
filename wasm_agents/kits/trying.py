"""Try a built agent: its own cases, its manifest's examples, and what is asked of every agent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from contracts.errors import CallsheetError, NotFound
from contracts.schemas import Checker
from wasm_agents.candidate import Candidate, read_candidate
from wasm_agents.host import Host
from wasm_agents.kits.asking import Guest, Outcome, ask, difference, same_json
from wasm_agents.kits.cases import Case, read_cases
from wasm_agents.limits import GuestLimits

GARBAGE: Final[dict[str, bytes]] = {
    "nothing": b"",
    "words": b"hello",
    "half a document": b'{"text":',
    "no UTF-8": b'{"text":"\xff\xfe"}',
    "null": b"null",
    "a list": b"[[[]]]",
    "a number": b"1e308",
    "an object of strangers": b'{"__proto__":{"x":1},"constructor":null,"\\u0000":[{}]}',
    "deep lists": b"[" * 5000 + b"]" * 5000,
    "a long text": b'{"text":"' + b"x" * 200_000 + b'"}',
}
"""None of it may reach an agent in a plan; an agent that meets it answers, refuses, or traps alone."""
REFUSED: Final = frozenset({"guest.error", "limit.input", "json.encoding"})
OUTSIDE: Final = ("host.", "load.", "compile.")
"""Rooms of codes that say: not the guest's doing."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    is_ok: bool
    detail: str = ""
    fuel: int = 0
    wall_ms: float = 0.0
    peak_memory_bytes: int = 0


@dataclass(slots=True)
class _Most:
    """The most that any call used."""

    fuel: int = 0
    wall_ms: float = 0.0
    peak_memory_bytes: int = 0
    stopped: list[str] = field(default_factory=list)
    """The limits that stopped a call nobody meant to be stopped."""


def try_agent(folder: Path, host: Host) -> Iterator[Check]:
    """Yield what comes of each check, in order; the first that fails may be the last.

    Args:
        folder: Holds `agent.toml`, the built module and perhaps `tests.json`.
        host: Runs the agent, which is granted nothing.

    Raises:
        NotFound: `load.missing`.
        InvalidInput: `load.manifest`, `load.unreadable`, `load.too_large`, `kit.bad_cases`.
    """
    candidate = _read(folder)
    cases = read_cases(folder)
    limits = GuestLimits(**candidate.document.get("limits", {}))
    try:
        guest = host.load(candidate.wasm, limits, sha256=candidate.document["sha256"])
    except CallsheetError as exc:
        yield Check("it loads", is_ok=False, detail=f"{exc.code}: {exc.message}")
        return
    yield Check("it loads", is_ok=True, detail=f"{len(candidate.wasm):,} bytes, its manifest's")
    yield from _Trial(candidate, guest).run(cases)


class _Trial:
    """One agent and what it has used so far."""

    def __init__(self, candidate: Candidate, guest: Guest) -> None:
        self._card = candidate.card
        self._guest = guest
        self._takes = Checker(candidate.document["takes"])
        self._gives = Checker(candidate.document["gives"])
        self._most = _Most()

    def run(self, cases: tuple[Case, ...]) -> Iterator[Check]:
        for case in cases:
            yield self._case(case)
        given = [dict(example.get("inputs", {})) for example in self._card.examples]
        for number, (example, inputs) in enumerate(zip(self._card.examples, given, strict=True)):
            yield self._example(number, str(example["objective"]), inputs)
        given += [case.given for case in cases if not case.error]
        yield self._repeats(given)
        yield self._refuses_garbage()
        yield self._stays_within()

    def _ask(self, given: JsonValue) -> Outcome:
        text = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
        outcome = ask(self._guest, text.encode(), deadline_s=self._guest.limits.wall_ms / 1000)
        most = self._most
        most.fuel = max(most.fuel, outcome.fuel)
        most.wall_ms = max(most.wall_ms, outcome.wall_ms)
        most.peak_memory_bytes = max(most.peak_memory_bytes, outcome.peak_memory_bytes)
        if outcome.code.startswith("limit."):
            most.stopped.append(outcome.code)
        return outcome

    def _case(self, case: Case) -> Check:
        if case.error == "wasm.bad_input":  # the host refuses it before the agent sees it
            is_refused = self._takes.first(case.given) is not None
            return Check(f"case: {case.name}", is_refused, "" if is_refused else "[takes] allows it")
        outcome = self._ask(case.given)
        if case.error:
            is_ok = case.error in {outcome.code, outcome.guest_code}
            if is_ok and outcome.code in self._most.stopped:
                self._most.stopped.remove(outcome.code)
            wanted = f"the refusal {case.error}"
        else:
            is_ok = not outcome.code and same_json(outcome.value, case.ok)
            wanted = json.dumps(case.ok, ensure_ascii=False)[:120]
        problem = "" if is_ok else f"wanted {wanted}, got {_shown(outcome)}"
        if not problem and not outcome.code and (wrong := self._gives.first(outcome.value)):
            problem = f"[gives] does not allow it: {wrong[0] or '/'}: {wrong[1]}"
        return _checked(f"case: {case.name}", problem, outcome)

    def _example(self, number: int, objective: str, inputs: dict[str, Any]) -> Check:
        name = f"example {number + 1}: {objective[:60]}"
        if wrong := self._takes.first(inputs):
            return Check(
                name, is_ok=False, detail=f"[takes] does not allow it: {wrong[0] or '/'}: {wrong[1]}"
            )
        outcome = self._ask(inputs)
        problem = ""
        if outcome.code:
            problem = f"it fails: {_shown(outcome)}"
        elif wrong := self._gives.first(outcome.value):
            problem = f"[gives] does not allow the answer: {wrong[0] or '/'}: {wrong[1]}"
        return _checked(name, problem, outcome)

    def _repeats(self, given: list[dict[str, Any]]) -> Check:
        name = "the same call gives the same answer for the same fuel"
        for inputs in given[:20] or [{}]:
            first, again = self._ask(inputs), self._ask(inputs)
            if problem := difference(first, again):
                return _checked(name, problem, first)
        return Check(name, is_ok=True)

    def _refuses_garbage(self) -> Check:
        name = "what is no input harms nobody"
        answered = refused = stopped = 0
        for what, given in GARBAGE.items():
            outcome = ask(self._guest, given, deadline_s=self._guest.limits.wall_ms / 1000)
            if outcome.code.startswith(OUTSIDE):
                return _checked(name, f"{what}: {_shown(outcome)}", outcome)
            answered += not outcome.code
            refused += outcome.code in REFUSED
            stopped += bool(outcome.code) and outcome.code not in REFUSED
        return Check(name, is_ok=True, detail=f"{answered} answered, {refused} refused, {stopped} stopped")

    def _stays_within(self) -> Check:
        most, limits = self._most, self._guest.limits
        shares = {"fuel": most.fuel / limits.fuel, "time": most.wall_ms / limits.wall_ms}
        if most.peak_memory_bytes > 0:  # what a component takes cannot be seen
            shares["memory"] = most.peak_memory_bytes / limits.memory_bytes
        used = "at most " + ", ".join(f"{share:.1%} of its {what}" for what, share in shares.items())
        problem = f"stopped by {', '.join(sorted(set(most.stopped)))}; {used}" if most.stopped else ""
        return Check(
            "it stays within its limits",
            is_ok=not problem,
            detail=problem or used,
            fuel=most.fuel,
            wall_ms=most.wall_ms,
            peak_memory_bytes=most.peak_memory_bytes,
        )


def _read(folder: Path) -> Candidate:
    try:
        return read_candidate(folder)
    except NotFound as exc:
        hint = "callsheet agent build FOLDER" if exc.where.endswith(".wasm") else "callsheet agent new NAME"
        raise NotFound(exc.code, exc.message, where=exc.where, hint=hint) from exc


def _checked(name: str, problem: str, outcome: Outcome) -> Check:
    return Check(
        name,
        is_ok=not problem,
        detail=problem,
        fuel=outcome.fuel,
        wall_ms=outcome.wall_ms,
        peak_memory_bytes=outcome.peak_memory_bytes,
    )


def _shown(outcome: Outcome) -> str:
    if outcome.code:
        return f"{outcome.guest_code or outcome.code}: {outcome.message}"[:300]
    return json.dumps(outcome.value, ensure_ascii=False)[:160]
