"""Run one attack against the host of this project, through both of a guest's doors: `call` and `call_async`."""

from __future__ import annotations

import asyncio
import gc
import time
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal

from benchmarks.attack.attack import OK, Attack
from benchmarks.attack.resident import forget_peak, peak_bytes, resident_bytes
from benchmarks.attack.served import serve, serve_here
from contracts.errors import CallsheetError
from wasm_agents.envelope import open_envelope
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits

Door = Literal["call", "call_async"]
DOORS: Final[tuple[Door, ...]] = ("call", "call_async")
_KNOWN: Final = {field.name for field in fields(GuestLimits)}


@dataclass(slots=True)
class Outcome:
    """How an attack ended, and what it cost the host."""

    code: str
    """Its error's code, `ok`, or `outside: …` for what no caller was told to expect."""
    load_ms: float = 0.0
    call_ms: float = 0.0
    """The longer of the two."""
    grown_bytes: int = 0
    """The most that the process held over what it held before."""
    text: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


def limits_of(attack: Attack) -> GuestLimits:
    """Return the limits an attack runs under."""
    return GuestLimits(**{name: most for name, most in attack.all_limits.items() if name in _KNOWN})


def run_attack(host: Host, attack: Attack) -> Outcome:
    """Run an attack once through each door; nothing it does leaves this function but its outcome."""
    wasm, limits, found = attack.build(), limits_of(attack), Outcome("")
    gc.collect()
    forget_peak()
    before, started = resident_bytes(), time.perf_counter()
    guest, found.code, found.text = _load(host, wasm, limits, attack)
    found.load_ms = _ms_since(started)
    if guest is not None:
        ends = []
        for door in DOORS:
            called = time.perf_counter()
            code, found.text = _call(guest, attack, door)
            found.call_ms = max(found.call_ms, _ms_since(called))
            ends.append(code)
        found.code = (
            ends[0] if len(set(ends)) == 1 else f"outside: {' by one door, by the other '.join(ends)}"
        )
    found.grown_bytes = max(0, peak_bytes() - before)
    return found


def call_once(guest: Guest, attack: Attack, door: Door) -> bytes:
    """Return what a guest answers.

    Raises:
        CallsheetError: As its call does.
    """
    if door == "call":
        return guest.call(attack.given, attack.deadline_s, serve=serve_here).output
    return asyncio.run(guest.call_async(attack.given, attack.deadline_s, serve=serve)).output


def _load(host: Host, wasm: bytes, limits: GuestLimits, attack: Attack) -> tuple[Guest | None, str, str]:
    try:
        return host.load(wasm, limits, sha256=attack.sha256), "", ""
    except CallsheetError as error:
        return None, error.code, error.message[:300]
    except Exception as error:  # noqa: BLE001  # the border: anything else is what this looks for
        return None, f"outside: {type(error).__name__}", str(error)[:300]


def _call(guest: Guest, attack: Attack, door: Door) -> tuple[str, str]:
    try:
        open_envelope(call_once(guest, attack, door))
    except CallsheetError as error:
        return error.code, error.message[:300]
    except Exception as error:  # noqa: BLE001  # the border: anything else is what this looks for
        return f"outside: {type(error).__name__}", str(error)[:300]
    return OK, ""


def _ms_since(start: float) -> float:
    return round((time.perf_counter() - start) * 1000, 2)
