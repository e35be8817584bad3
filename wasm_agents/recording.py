"""What is needed to run a call's WebAssembly part again, as its trace keeps it under `metadata.guest`.

A recording says which module ran within which limits, what it could see (a
seed, a clock), what it asked the host and was answered, and what came of it.
The input itself is the trace's: its bytes are made again from there and held
against their hash. A sum over the whole tells when something was taken out or
changed since; such a recording is not replayed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache, lru_cache
from importlib.metadata import version
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple, Self

from pydantic import JsonValue

from contracts.agent import AgentCall
from contracts.errors import InvalidInput
from contracts.jsontext import json_text
from contracts.jsonvalue import canonical_json
from wasm_agents.limits import CEILINGS, GuestLimits
from wasm_agents.recorder import HostCall, Recorder
from wasm_agents.selfcheck import why_not

FORMAT: Final = "recording/1"
MARK: Final = "[redacted]"


class GuestInput(NamedTuple):
    """What a guest is given."""

    given: dict[str, JsonValue]
    data: bytes
    """The same, as the guest reads it: canonical JSON."""
    without: tuple[str, ...]
    """Inputs that were null and left out."""


def guest_input(inputs: Mapping[str, JsonValue], declared: Container[str]) -> GuestInput:
    """Return what a guest is given of an attempt's inputs.

    Args:
        inputs: As the trace keeps them.
        declared: Names of the card; one of them that is null counts as absent.

    Raises:
        ValueError: They are no JSON; or TypeError, RecursionError.
    """
    without = tuple(sorted(name for name, value in inputs.items() if value is None and name in declared))
    given = (
        {name: value for name, value in inputs.items() if name not in without} if without else dict(inputs)
    )
    return GuestInput(given, canonical_json(given).encode(), without)


def seed_of(call: AgentCall) -> str:
    """Return what a call's chance comes from: the same when the same attempt is made again, and no other's."""
    place = (call.idempotency_key or call.run_id, call.subtask_id, call.item_index, call.attempt)
    return hashlib.sha256(repr(place).encode()).hexdigest()[:32]


@cache
def engine_version() -> str:
    """Return the engine, its version, and how it is called: another may count fuel in another way."""
    release = f"wasmtime {version('wasmtime')}"
    return f"{release}, public API" if why_not() else release


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One call of a guest, as it can be made again."""

    digest: str
    """SHA-256 of the module, hex."""
    abi: str
    limits: GuestLimits
    seed: str
    clock_us: int
    """Where its clock began, microseconds since 1970."""
    input_sha256: str
    code: str
    """Of the error that ended it; empty when it gave an output."""
    output_sha256: str
    """Empty when it gave none."""
    fuel: int
    calls: tuple[HostCall, ...] = ()
    without: tuple[str, ...] = ()
    """Inputs of the trace that it was not given: they were null."""
    clock: Literal["virtual", "real"] = "virtual"
    chance: Literal["seed", "os"] = "seed"
    instance: str = "fresh"
    engine: str = field(default_factory=engine_version)
    is_complete: bool = True
    is_redacted: bool = False
    granted: Mapping[str, JsonValue] = field(default_factory=dict)
    """What it was allowed, where its manifest asks for anything."""

    @classmethod
    def of(cls, data: bytes, output: bytes | None, *, recorder: Recorder, **told: Any) -> Self:
        """Return the recording of a call that is over.

        Args:
            data: What it was given.
            output: What it gave, if anything.
            recorder: Kept its host calls.
            told: The other fields.
        """
        return cls(
            input_sha256=_sha256(data),
            output_sha256="" if output is None else _sha256(output),
            calls=tuple(recorder.calls),
            is_complete=recorder.is_complete,
            is_redacted=recorder.is_redacted,
            **told,
        )

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as a trace keeps it, with the sum of it all."""
        found: dict[str, JsonValue] = {
            "format": FORMAT,
            "digest": self.digest,
            "abi": self.abi,
            "limits": dict(_limits_json(self.limits)),
            "seed": self.seed,
            "clock_us": self.clock_us,
            "input_sha256": self.input_sha256,
            "code": self.code,
            "output_sha256": self.output_sha256,
            "fuel": self.fuel,
            "engine": self.engine,
        }
        for name, default in _RARER.items():
            if (value := getattr(self, name)) != default:
                found[name] = list(value) if isinstance(value, tuple) else value
        if self.granted:
            found["granted"] = dict(self.granted)
        if self.calls:
            found["calls"] = [call.as_json() for call in self.calls]
        found["sum"] = self._sum()
        return found

    @classmethod
    def read(cls, found: Mapping[str, JsonValue]) -> Self:
        """Return the recording that a trace keeps.

        Raises:
            InvalidInput: `replay.no_recording`, `replay.redacted`, `replay.bad_recording`.
        """
        if not found:
            raise InvalidInput(
                "replay.no_recording",
                "the trace has no recording: no guest made it, or it ended before its guest began",
                hint="Only traces of wasm: agents are replayed.",
            )
        _check_whole(found)
        told: dict[str, Any] = {k: v for k, v in found.items() if k not in {"format", "sum"}}
        try:
            told["limits"] = GuestLimits(**told["limits"])
            told["calls"] = tuple(map(HostCall.read, told.get("calls", ())))
            told["without"] = tuple(told.get("without", ()))
            made = cls(**{"engine": None, **told})
            is_whole = made._sum() == found.get("sum")
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise _unfit(found, f"it cannot be read: {exc!s:.200}") from exc
        if not is_whole:
            raise _unfit(found, "it was changed since it was written")
        return made

    def _sum(self) -> str:
        """Return the sum of every field, in whatever order JSON has them."""
        calls: list[JsonValue] = [[*call.parts()] for call in self.calls]
        granted = canonical_json(dict(self.granted)) if self.granted else ""
        fields: list[JsonValue] = [*_PLAIN(self), *_LIMITS(self.limits), [*self.without], calls, granted]
        return _sha256(json_text(fields).encode())


_PLAIN: Final = attrgetter(
    "digest", "abi", "seed", "clock_us", "input_sha256", "code", "output_sha256", "fuel", "clock", "chance",
    "instance", "engine", "is_complete", "is_redacted",
)  # fmt: skip
_LIMITS: Final = attrgetter(*CEILINGS)
_RARER: Final[Mapping[str, Any]] = {
    "without": (), "clock": "virtual", "chance": "seed", "instance": "fresh",
    "is_complete": True, "is_redacted": False,
}  # fmt: skip
"""Fields that are left out where they say what they nearly always say."""


def _check_whole(found: Mapping[str, JsonValue]) -> None:
    if found.get("format") != FORMAT:
        raise _bad(f"its format is {str(found.get('format'))[:40]!r}, {FORMAT!r} is read")
    if found.get("is_redacted") is True:
        raise _unfit(found, "it says so")


def _bad(why: str) -> InvalidInput:
    return InvalidInput("replay.bad_recording", f"the trace's recording cannot be used: {why}")


def _unfit(found: Mapping[str, JsonValue], why: str) -> InvalidInput:
    if found.get("is_redacted") is True or MARK in canonical_json(dict(found)):
        return InvalidInput(
            "replay.redacted",
            "a secret was taken out of the recording, so the call cannot be made again",
            hint="Give secrets to egress (capabilities.secrets), not to the guest.",
        )
    return _bad(why)


@lru_cache(maxsize=256)
def _limits_json(limits: GuestLimits) -> Mapping[str, int]:
    return asdict(limits)


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
