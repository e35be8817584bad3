"""Run the WebAssembly part of a trace again and compare it, byte for byte and instruction for instruction.

Nothing outside is asked: the guest's host calls are answered from the
recording, in its order. A guest that asks for something else than was recorded
has taken another way, and is told so; what it does then counts for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.errors import AttemptFailed, InvalidInput, NotFound
from contracts.jsonvalue import canonical_json
from wasm_agents.catalogue import module_path
from wasm_agents.doors.envelopes import failed
from wasm_agents.host import Host
from wasm_agents.limits import CEILINGS
from wasm_agents.recorder import HostCall
from wasm_agents.recording import MARK, Recording, engine_version, guest_input
from wasm_agents.shelf import MODULES, Shelf
from wasm_agents.surroundings import Surroundings

PATIENCE_MS: Final = CEILINGS["wall_ms"][1]
"""A guest takes as long as it takes here: its fuel ends it where it ended."""
SHOWN: Final = 200

_DIVERGED: Final = failed("replay.diverged", "the recording has no answer to this")
_BY_TIME: Final = frozenset({"limit.time", "guest.interrupted", "host.internal"})
"""Ends that come from outside the guest, at no certain instruction."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that was not as it was recorded."""

    what: str
    recorded: str
    replayed: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of running a recording again."""

    difference: Difference | None
    fuel: int
    host_calls: int
    code: str
    """Of the error that ended it; empty when it gave an output."""
    output_sha256: str
    hint: str = ""
    """Why it may differ, where that can be told."""


class Answers:
    """Answers host calls from a recording.

    Attributes:
        asked: Calls so far.
        difference: The first that was not the one recorded at its place.
    """

    def __init__(self, calls: Iterable[HostCall]) -> None:
        self._calls = tuple(calls)
        self.asked = 0
        self.difference: Difference | None = None

    async def serve(self, op: str, given: bytes) -> bytes:
        """Return what was answered at this place of the recording."""
        at, self.asked = self.asked, self.asked + 1
        if self.difference is not None:
            return _DIVERGED
        if at >= len(self._calls):
            self.difference = Difference(f"host call {at + 1}", "", _shown(op, given))
            return _DIVERGED
        call = self._calls[at]
        if (op, given) != (call.op, call.given):
            self.difference = Difference(
                f"host call {at + 1}", _shown(call.op, call.given), _shown(op, given)
            )
            return _DIVERGED
        return call.gave

    def missed(self) -> Difference | None:
        """Return the first call that was recorded and not made."""
        if self.asked >= len(self._calls):
            return None
        call = self._calls[self.asked]
        return Difference(f"host call {self.asked + 1}", _shown(call.op, call.given), "")


async def replay(recording: Recording, data: bytes, *, host: Host, module: Path) -> Replayed:
    """Return how the same call goes now.

    Args:
        recording: Whole.
        data: What the guest was given, from `input_of`.
        host: Runs it.
        module: The file of the recorded module.

    Raises:
        InvalidInput: `replay.*`, it cannot be played; `load.*`.
        NotFound: `load.missing`.
    """
    check_playable(recording)
    limits = replace(recording.limits, wall_ms=PATIENCE_MS)
    guest = host.load(module, limits, sha256=recording.digest)
    answers = Answers(recording.calls)
    world = Surroundings(
        now_ns=recording.clock_us * 1000,
        seed=recording.seed,
        clock=recording.clock,
        chance=recording.chance,
        log_bytes=limits.log_bytes,
    )
    output: bytes | None = None
    try:
        result = await guest.call_async(data, PATIENCE_MS / 1000, world=world, serve=answers.serve)
        output, fuel, code = result.output, result.fuel, ""
    except AttemptFailed as failure:
        fuel, code = int(failure.data.get("fuel", 0)), failure.code
    digest = "" if output is None else hashlib.sha256(output).hexdigest()
    difference = answers.difference or answers.missed() or _difference(recording, digest, code, fuel)
    return Replayed(difference, fuel, answers.asked, code, digest, _hint(recording) if difference else "")


def input_of(recording: Recording, inputs: JsonValue) -> bytes:
    """Return the bytes a guest was given, made again from its trace's input.

    Raises:
        InvalidInput: `replay.redacted`, `replay.bad_recording`.
    """
    given: Mapping[str, JsonValue] = inputs if isinstance(inputs, dict) else {}
    data = guest_input(given, recording.without).data
    if hashlib.sha256(data).hexdigest() == recording.input_sha256:
        return data
    if MARK in canonical_json(inputs):
        raise InvalidInput(
            "replay.redacted", "a secret was taken out of the trace's input, so it cannot be given again"
        )
    raise InvalidInput("replay.bad_recording", "the trace's input is not what the guest was given")


def check_playable(recording: Recording) -> None:
    """Pass a recording that can be played.

    Raises:
        InvalidInput: `replay.incomplete`, `replay.not_deterministic`.
    """
    if not recording.is_complete:
        raise InvalidInput(
            "replay.incomplete", "the guest exchanged more with its host than a recording holds, 1 MiB"
        )
    if recording.code in _BY_TIME and not recording.output_sha256:
        raise InvalidInput(
            "replay.not_deterministic",
            f"the call was ended from outside ({recording.code}), at an instruction that only chance decided",
            hint="Bound it by limits.fuel below limits.wall_ms, and it ends at the same instruction each time.",
        )
    if recording.instance != "fresh":
        raise InvalidInput(
            "replay.not_deterministic",
            f"the guest's instance was {recording.instance!r}: what earlier calls left in it is not recorded",
            hint='Say instance = "fresh" in its agent.toml.',
        )


def recorded_module(digest: str, cards: Iterable[AgentCard], shelf: Shelf) -> Path:
    """Return the file of a module, by its SHA-256.

    Args:
        digest: Hex.
        cards: Of every guest at hand.
        shelf: Where modules lie, those that were replaced lately too.

    Raises:
        NotFound: `replay.module_missing`.
    """
    found = [module_path(card) for card in cards if card.sha256 == digest]
    found.append(shelf.folder / MODULES / f"{digest}.wasm")
    for path in found:
        if path.is_file():
            return path
    raise NotFound(
        "replay.module_missing",
        f"no agent at hand has the module {digest[:12]}… that the trace was made with",
        hint="Bring that version back, built from its sources: callsheet agent add FOLDER",
        data={"sha256": digest},
    )


def _difference(recording: Recording, digest: str, code: str, fuel: int) -> Difference | None:
    # What is made of an output afterwards, its envelope and its schema, follows from its bytes.
    then_code = "" if recording.output_sha256 else recording.code
    pairs: tuple[tuple[str, Any, Any], ...] = (
        ("error code", then_code, code),
        ("output's sha256", recording.output_sha256, digest),
        ("fuel", recording.fuel, fuel),
    )
    for what, then, now in pairs:
        if then != now:
            return Difference(what, str(then), str(now))
    return None


def _hint(recording: Recording) -> str:
    if recording.engine != engine_version():
        return f"it was made with {recording.engine}, and this is {engine_version()}"
    if (recording.clock, recording.chance) != ("virtual", "seed"):
        return "it was granted the real clock or the system's randomness, which are not the same twice"
    return ""


def _shown(op: str, given: bytes) -> str:
    return f"{op} {given[:SHOWN].decode('utf-8', 'replace')}"
