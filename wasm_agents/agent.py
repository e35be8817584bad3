"""A guest as an agent: inputs checked against its card, run in the host, output checked too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final, Literal, Never

import jsonschema_rs
from pydantic import JsonValue

from contracts.agent import Agent, AgentCall, AgentReply
from contracts.card import AgentCard
from contracts.errors import AttemptFailed, InvalidInput
from contracts.jsonvalue import join_pointer
from wasm_agents.alarm import Interrupt
from wasm_agents.catalogue import module_path
from wasm_agents.envelope import open_envelope
from wasm_agents.host import Guest, Host
from wasm_agents.limits import GuestLimits

MAX_TEXT: Final = 300


def create(card: AgentCard, *, host: Host | None = None) -> Agent:
    """Return the agent of a guest's card; its module is loaded at the first call.

    Args:
        card: From `guest_cards`.
        host: Shared by every agent of the process when None.

    Raises:
        InvalidInput: `agent.bad_card`, its `takes` or `gives` is no JSON Schema.
    """
    return _GuestAgent(card, host or shared_host())


@cache
def shared_host() -> Host:
    """Return the process's one host."""
    return Host()


class _GuestAgent:
    """Runs each call on one of the host's threads."""

    def __init__(self, card: AgentCard, host: Host) -> None:
        self._card = card
        self._host = host
        self._limits = GuestLimits(**card.extra["limits"])
        self._takes = _validator(card, "takes")
        self._gives = _validator(card, "gives")

    @property
    def card(self) -> AgentCard:
        """What it takes and gives."""
        return self._card

    async def run(self, call: AgentCall) -> AgentReply:
        """Run the guest once; being cancelled stops it.

        Raises:
            NotFound: `load.missing`.
            InvalidInput: `wasm.bad_input`, `limit.input`, `load.*`.
            AttemptTimedOut: `limit.time`.
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `output.*`, `host.internal`.
        """
        interrupt = Interrupt()
        work = asyncio.get_running_loop().run_in_executor(self._host.threads, self._run, call, interrupt)
        try:
            return await work
        except asyncio.CancelledError:
            interrupt.set()
            raise

    def _run(self, call: AgentCall, interrupt: Interrupt) -> AgentReply:
        data = self._encode(call.inputs)
        limits = self._limits
        if (fuel := call.allowance.get("fuel")) is not None:
            limits = replace(limits, fuel=max(1, min(limits.fuel, fuel)))
        result = self._load(limits).call(data, call.timeout_s, interrupt=interrupt)
        used: dict[str, JsonValue] = {
            "fuel": result.fuel,
            "peak_memory_bytes": result.peak_memory_bytes,
            "wall_ms": result.wall_ms,
        }
        try:
            output = open_envelope(result.output)
            self._check_output(output)
        except AttemptFailed as failure:
            failure.data |= used
            raise
        return AgentReply(output, usage=used)

    def _load(self, limits: GuestLimits) -> Guest:
        return self._host.load(module_path(self._card), limits, sha256=self._card.sha256)

    def _encode(self, inputs: Mapping[str, JsonValue]) -> bytes:
        declared = self._card.takes.get("properties", {})
        # A parameter set to null counts as absent; what the card does not declare is the guest's own.
        given = {k: v for k, v in inputs.items() if v is not None or k not in declared}
        try:
            text = json.dumps(given, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            data = text.encode("utf-8")
            error = next(iter(self._takes.iter_errors(given)), None)
        except (ValueError, TypeError, RecursionError) as exc:
            raise self._bad_input("", f"the inputs are not JSON: {exc}") from exc
        if error is not None:
            raise self._bad_input(join_pointer(*error.instance_path), str(error.message))
        return data

    def _bad_input(self, pointer: str, message: str) -> InvalidInput:
        hint = f"callsheet agents show {self._card.name}"
        text = f"{self._card.name}: {pointer or 'inputs'}: {message[:MAX_TEXT]}"
        return InvalidInput("wasm.bad_input", text, where=pointer, hint=hint)

    def _check_output(self, output: JsonValue) -> None:
        error = next(iter(self._gives.iter_errors(output)), None)
        if error is not None:
            pointer = join_pointer(*error.instance_path)
            raise AttemptFailed(
                "output.schema",
                f"{self._card.name} gave what its card does not: {str(error.message)[:MAX_TEXT]}",
                where=pointer,
            )


def _validator(card: AgentCard, field: Literal["takes", "gives"]) -> jsonschema_rs.Draft202012Validator:
    schema: Mapping[str, Any] = getattr(card, field)
    try:
        return jsonschema_rs.Draft202012Validator(dict(schema), retriever=_refuse_reference)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as exc:
        message = f"{card.name}: {field} is no JSON Schema: {str(exc)[:MAX_TEXT]}"
        raise InvalidInput("agent.bad_card", message, where=f"/{field}") from exc


def _refuse_reference(uri: str) -> Never:
    raise ValueError(f"a card's schema refers to nothing outside it: {uri[:MAX_TEXT]!r}")
