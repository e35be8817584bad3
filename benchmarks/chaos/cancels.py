"""Bar 5: how long from asking a run to stop until it has stopped, whatever it was doing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.chaos.event_stream import Stream
from benchmarks.chaos.feeder import FINAL
from benchmarks.chaos.figures import Figure, percentile, say
from benchmarks.chaos.for_ever import GUEST, SilentSite
from benchmarks.chaos.patience import until
from benchmarks.chaos.plans import plan, step
from benchmarks.chaos.victim import Victim
from benchmarks.chaos.wire import Gone, Line

BAR_MS: Final = 100
SETTLE_S: Final = 0.05
BEGIN_S: Final = 60.0
CHROMIUM: Final = Path("/usr/bin/chromium")


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of being busy."""

    name: str
    make: Callable[[str], list[dict[str, Any]]]
    """The subtasks, of the silent site's address."""
    is_begun: str = "running"
    """The event after which it is cancelled."""
    visits: int = 0
    """How often it calls on the site before it hangs."""


KINDS: Final = (
    Kind("sleep", lambda _: [step("s", "chaos_pure", ms=600_000)]),
    Kind("guest", lambda _: [step("s", GUEST)]),
    Kind("page", lambda site: [step("s", "scrape", url=f"http://{site}/never", render="never")], visits=1),
    Kind("parked", lambda _: [step("s", "chaos_nap", signal="never")], is_begun="parked"),
    Kind("browser", lambda site: [step("s", "scrape", url=f"http://{site}/hang", render="always")], visits=1),
)


async def cancel_often(folder: Path, *, times: int, kinds: Sequence[Kind] = KINDS) -> list[Figure]:
    """Start a run of each kind so often, cancel it once it is at it, and measure to its last event."""
    figures: list[Figure] = []
    async with SilentSite() as site:
        victim = Victim(folder, private=(site.address,), with_guest=True)
        await victim.start()
        try:
            for kind in kinds:
                figures += await _measured(victim, site, kind, times)
        finally:
            await victim.stop()
    return figures


async def _measured(victim: Victim, site: SilentSite, kind: Kind, times: int) -> list[Figure]:
    key = f"bar5_cancel_{kind.name}"
    if kind.name == "browser" and not CHROMIUM.exists():
        return [Figure(f"{key}_p99_ms", None, what=f"no {CHROMIUM}")]
    took = [await _cancelled(victim, site, kind, number) for number in range(times)]
    say(f"{times} cancels of {kind.name}")
    return [
        Figure(f"{key}_p99_ms", percentile(took, 0.99), most=BAR_MS, what=f"of {times}"),
        Figure(f"{key}_p50_ms", percentile(took, 0.5)),
        Figure(f"{key}_max_ms", percentile(took, 1.0)),
    ]


async def _cancelled(victim: Victim, site: SilentSite, kind: Kind, number: int) -> float:
    tag = f"cancel {kind.name} {number}"
    visits = site.visits
    line = Line(victim.port)
    body = {"objective": tag, "plan": plan(tag, kind.make(site.address))}
    answer = await line.ask("POST", "/objectives", body=body)
    if answer.status != 202:
        raise RuntimeError(f"{kind.name}: {answer.status} {answer.body!r}")
    run_id = answer.json["run_id"]
    stream = await Stream.open(victim.port, run_id)
    async with asyncio.timeout(BEGIN_S):
        await _until(stream, {kind.is_begun})
        await until(lambda: site.visits >= visits + kind.visits, within_s=BEGIN_S)
        await asyncio.sleep(SETTLE_S)
        began = time.monotonic()
        asked = asyncio.create_task(line.ask("POST", f"/objectives/{run_id}/cancel"))
        ended = await _until(stream, FINAL)
        took = (time.monotonic() - began) * 1000
    if (await asked).status != 202 or ended != "cancelled":
        raise RuntimeError(f"{kind.name}: cancel ended as {ended!r} after {(await asked).body!r}")
    line.close()
    stream.close()
    return took


async def _until(stream: Stream, kinds: set[str] | frozenset[str]) -> str:
    while (sent := await stream.next()) is not None:
        if sent.kind in kinds:
            return sent.kind
    raise Gone(f"the stream ended before {sorted(kinds)}", was_sent=True)
