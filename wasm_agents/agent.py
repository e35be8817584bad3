"""A guest as an agent: inputs checked against its card, run in the host, output checked too, all of it recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, Literal, Never

import jsonschema_rs
from pydantic import JsonValue

from contracts.agent import Agent, AgentCall, AgentReply, uncounted
from contracts.card import AgentCard
from contracts.errors import AttemptFailed, CallsheetError, InvalidInput
from contracts.jsonvalue import join_pointer
from contracts.policy import Policy
from wasm_agents.catalogue import module_path
from wasm_agents.doors.door import Doors
from wasm_agents.doors.outside import Outside
from wasm_agents.envelope import open_envelope
from wasm_agents.grants import Granted, OperatorPolicy, grant
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.keeping import Keeping
from wasm_agents.limits import GuestLimits
from wasm_agents.recorder import Recorder
from wasm_agents.recording import GuestInput, Recording, guest_input, seed_of
from wasm_agents.result import USED, GuestResult
from wasm_agents.surroundings import Surroundings

MAX_TEXT: Final = 300
INLINE_BYTES: Final = 128 * 1024
"""Of an answer that is read on the event loop's thread; reading a longer one would hold up everybody."""
ENDS_BEFORE_S: Final = 0.025
"""A guest ends so long before its attempt would, and so tells what it used and asked."""
ARMED: Final = 2
"""Instances kept ready for an agent's next calls."""
ARM_AFTER_S: Final = 0.02
MAX_GUESTS: Final = 64
"""Limits one agent is kept loaded under: a run's budgets make more."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Around:
    """What the service gives every guest.

    Attributes:
        host: Gives what runs them; the process's one when None.
        operator: What the operator allows them.
        outside: What their calls open on.
    """

    host: Callable[[], Host] | None = None
    operator: OperatorPolicy = field(default_factory=OperatorPolicy)
    outside: Outside = field(default_factory=Outside)


def create(card: AgentCard, around: Around | None = None, *, host: Host | None = None) -> Agent:
    """Return the agent of a guest's card; its module is loaded at the first call.

    Args:
        card: From `guest_cards`.
        around: What the service gives it; nothing outside when None.
        host: Instead of the one of `around`.

    Raises:
        InvalidInput: `agent.bad_card`, its `takes` or `gives` is no JSON Schema.
    """
    around = around or Around()
    return _GuestAgent(card, around, host or (around.host or shared_host)())


@cache
def shared_host() -> Host:
    """Return the process's one host."""
    return Host()


class _GuestAgent:
    """Runs each call on a fiber of the host's."""

    def __init__(self, card: AgentCard, around: Around, host: Host) -> None:
        self._card = card
        self._around = around
        self._host = host
        self._takes = _validator(card, "takes")
        self._gives = _validator(card, "gives")
        self._declared = frozenset(card.takes.get("properties", {}))
        self._instance: str = card.extra.get("instance", "fresh")
        self._keeping = Keeping()
        self._arming: asyncio.TimerHandle | None = None
        self._asks = bool(card.extra.get("capabilities"))
        self._granted: Granted | None = None
        self._guests: dict[GuestLimits, Guest] = {}
        self._loading: dict[GuestLimits, asyncio.Task[Guest]] = {}

    @property
    def card(self) -> AgentCard:
        """What it takes and gives."""
        return self._card

    async def run(self, call: AgentCall) -> AgentReply:
        """Run the guest once; being cancelled stops it.

        Raises:
            NotFound: `load.missing`.
            InvalidInput: `wasm.bad_input`, `limit.input`, `load.*`, `compile.*`.
            AttemptTimedOut: `limit.time`.
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `output.*`, `host.internal`.
        """
        given = self._given(call.inputs)
        granted = self._grant(call)
        guest = self._guests.get(granted.limits) or await self._load(granted.limits)
        attempt = _Attempt(call, granted, given, guest.digest, self._card)
        doors = attempt.doors(self._around.outside) if guest.may_wait else None
        try:
            result = await self._call(guest, call, attempt, doors)
        except AttemptFailed as failure:
            attempt.failed(failure, doors)
            raise
        try:
            read = result.answer
            output = read.value if read is not None and read.is_ok else await _opened(result.output)
            self._check_output(output)
        except AttemptFailed as failure:
            failure.data |= result.used() | {"output": result.output}
            attempt.failed(failure, doors)
            raise
        return AgentReply(
            output, usage=attempt.usage(result.used(), doors), log=result.log, guest=attempt.record(result)
        )

    async def _call(
        self, guest: Guest, call: AgentCall, attempt: _Attempt, doors: Doors | None
    ) -> GuestResult:
        content, world = attempt.content, attempt.world
        serve = doors.serve if doors is not None else None
        deadline_s = max(call.timeout_s / 2, call.timeout_s - ENDS_BEFORE_S)
        if self._instance == "fresh":
            if not call.allowance:  # a budget's limits are hardly met twice
                self._arm_soon(guest)
            return await guest.call_async(content, deadline_s, world=world, serve=serve)
        session = call.run_id if self._instance == "session" else ""
        return await self._keeping.call(guest, content, deadline_s, session=session, world=world, serve=serve)

    def _arm_soon(self, guest: Guest) -> None:
        """Make instances ahead a little later, when whoever called is likely to have been answered."""
        if self._arming is None or self._arming.when() < asyncio.get_running_loop().time() - ARM_AFTER_S:
            self._arming = asyncio.get_running_loop().call_later(ARM_AFTER_S, self._arm, guest)

    def _arm(self, guest: Guest) -> None:
        self._arming = None
        with suppress(CallsheetError):  # no room: then the next call says so itself
            guest.arm(ARMED)

    def _grant(self, call: AgentCall) -> Granted:
        if self._asks or call.allowance:
            return grant(
                self._card, operator=self._around.operator, policy=call.policy, allowance=call.allowance
            )
        if self._granted is None:  # asks for nothing: the same for every call
            operator = self._around.operator
            self._granted = grant(self._card, operator=operator, policy=Policy(), allowance={})
        return self._granted

    async def _load(self, limits: GuestLimits) -> Guest:
        loading = self._loading.get(limits)
        if loading is None:
            loading = self._loading[limits] = asyncio.create_task(self._load_once(limits))
            loading.add_done_callback(lambda done: self._loaded(limits, done))
        # Whoever asks meanwhile waits for the same; nobody's giving up ends it for the others.
        with uncounted():
            return await asyncio.shield(loading)

    async def _load_once(self, limits: GuestLimits) -> Guest:
        # Reading, hashing and perhaps compiling: not on the event loop's thread.
        path = module_path(self._card)
        return await asyncio.to_thread(self._host.load, path, limits, sha256=self._card.sha256)

    def _loaded(self, limits: GuestLimits, done: asyncio.Task[Guest]) -> None:
        del self._loading[limits]
        if not done.cancelled() and done.exception() is None:
            if len(self._guests) >= MAX_GUESTS:
                self._guests.clear()
            self._guests[limits] = done.result()

    def _given(self, inputs: Mapping[str, JsonValue]) -> GuestInput:
        try:
            found = guest_input(inputs, self._declared)
            error = _first_error(self._takes, found.given)
        except (ValueError, TypeError, RecursionError) as exc:
            raise self._bad_input("", f"the inputs are not JSON: {exc}") from exc
        if error is not None:
            raise self._bad_input(join_pointer(*error.instance_path), str(error.message))
        return found

    def _bad_input(self, pointer: str, message: str) -> InvalidInput:
        hint = f"callsheet agents show {self._card.name}"
        text = f"{self._card.name}: {pointer or 'inputs'}: {message[:MAX_TEXT]}"
        return InvalidInput("wasm.bad_input", text, where=pointer, hint=hint)

    def _check_output(self, output: JsonValue) -> None:
        error = _first_error(self._gives, output)
        if error is not None:
            raise AttemptFailed(
                "output.schema",
                f"{self._card.name} gave what its card does not: {str(error.message)[:MAX_TEXT]}",
                where=join_pointer(*error.instance_path),
            )


class _Attempt:
    """One call's surroundings, and the record of it."""

    def __init__(
        self, call: AgentCall, granted: Granted, given: GuestInput, digest: str, card: AgentCard
    ) -> None:
        self._call = call
        self._granted = granted
        self._given = given
        self._digest = digest
        self._card = card
        self._seed = seed_of(call)
        self._recorder = Recorder()
        self._clock_us = (call.now - _EPOCH) // _MICROSECOND
        self.world = Surroundings(
            now_ns=self._clock_us * 1000,
            seed=self._seed,
            clock=granted.clock,
            chance=granted.random,
            log_bytes=granted.limits.log_bytes,
        )

    @property
    def content(self) -> bytes:
        """What the guest is given."""
        return self._given.data

    def doors(self, outside: Outside) -> Doors:
        """Return what the guest's calls reach."""
        call = self._call
        return Doors(
            self._granted, outside, world=self.world, policy=call.policy, recorder=self._recorder,
            agent=self._card.name, run_id=call.run_id,
        )  # fmt: skip

    def usage(self, used: Mapping[str, JsonValue], doors: Doors | None) -> dict[str, JsonValue]:
        """Return what the attempt used, as its trace says it."""
        return {**used, **(doors.spent() if doors is not None else {})}

    def record(self, result: GuestResult) -> dict[str, JsonValue]:
        """Return what running it again needs."""
        return self._recording(result.output, fuel=result.fuel, code="")

    def failed(self, failure: CallsheetError, doors: Doors | None) -> None:
        """Put usage, log and recording on the error the attempt ends with."""
        told = failure.data
        output = told.pop("output", None)
        used = {name: told.pop(name) for name in USED if name in told}
        fuel = int(used.get("fuel", 0))
        told["usage"] = self.usage(used, doors)
        told["guest"] = self._recording(output, fuel=fuel, code=failure.code)

    def _recording(self, output: bytes | None, *, fuel: int, code: str) -> dict[str, JsonValue]:
        granted = self._granted
        recording = Recording.of(
            self._given.data, output, recorder=self._recorder, digest=self._digest,
            abi=self._card.extra.get("abi", "agent/1"), limits=granted.limits, seed=self._seed,
            clock_us=self._clock_us, clock=granted.clock, chance=granted.random, code=code, fuel=fuel,
            without=self._given.without,
            instance=self._card.extra.get("instance", "fresh"),
            granted=granted.as_json() if self._card.extra.get("capabilities") else {},
        )  # fmt: skip
        return recording.as_json()


async def _opened(output: bytes) -> JsonValue:
    if len(output) <= INLINE_BYTES:
        return open_envelope(output)
    return await asyncio.to_thread(open_envelope, output)


def _validator(card: AgentCard, name: Literal["takes", "gives"]) -> jsonschema_rs.Draft202012Validator:
    schema: Mapping[str, Any] = getattr(card, name)
    try:
        return jsonschema_rs.Draft202012Validator(dict(schema), retriever=_refuse_reference)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as exc:
        message = f"{card.name}: {name} is no JSON Schema: {str(exc)[:MAX_TEXT]}"
        raise InvalidInput("agent.bad_card", message, where=f"/{name}") from exc


def _first_error(
    validator: jsonschema_rs.Draft202012Validator, value: JsonValue
) -> jsonschema_rs.ValidationError | None:
    """Return the first error alone: finding all that a long list can have takes seconds."""
    try:
        validator.validate(value)
    except jsonschema_rs.ValidationError as exc:
        return exc
    return None


def _refuse_reference(uri: str) -> Never:
    raise ValueError(f"a card's schema refers to nothing outside it: {uri[:MAX_TEXT]!r}")
