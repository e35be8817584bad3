"""Bar 4: kills around effectful steps; no effect may happen twice, and what nobody can know must be said.

Half of the kills are laid: the body kills its own process right before the
effect, right after it, or some milliseconds after it has answered, while the
result is on its way to the disk. The rest come from outside, at random.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.chaos.cast import BOMB
from benchmarks.chaos.chronicle import Place, effects_by_place, read_chronicle
from benchmarks.chaos.feeder import Feeder, Objective
from benchmarks.chaos.figures import Figure, say
from benchmarks.chaos.kept import Kept, read_kept
from benchmarks.chaos.kills import SLOTS, stuck
from benchmarks.chaos.plans import chain
from benchmarks.chaos.victim import Victim

UNKNOWN: Final = "effect.unknown"
FUSE_S: Final = 10.0
"""A laid bomb that nobody stepped on within this time is followed by a kill from outside."""


def paying_body(rng: random.Random, tag: str) -> dict[str, Any]:
    """Return a request for a chain of effectful steps; one in three cannot look up what it did."""
    agent = rng.choice(("chaos_pay", "chaos_pay", "chaos_blind"))
    return {
        "objective": tag,
        "plan": chain(tag, [agent] * rng.randint(2, 5), ms=round(rng.uniform(1, 20), 1)),
    }


async def kill_at_effects(folder: Path, *, kills: int, seed: int) -> list[Figure]:
    """Kill so often around an effect, let the last life finish, and hold the ledger against the journal."""
    rng = random.Random(seed)
    victim = Victim(folder, settings={"run": {"concurrency": SLOTS}})
    feeder = Feeder(victim, rng, paying_body, at_once=12)
    feeding = asyncio.create_task(feeder.run())
    try:
        for number in range(kills):
            await _one_life(victim, rng)
            if number % 50 == 49:
                say(f"{number + 1} kills at effects, {len(feeder.objectives)} objectives")
        (folder / BOMB).unlink(missing_ok=True)
        await victim.start()
        await feeder.finish(feeding)
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        await victim.stop()
    return judge(folder, feeder.objectives, kills=kills)


async def _one_life(victim: Victim, rng: random.Random) -> None:
    bomb = victim.folder / BOMB
    bomb.unlink(missing_ok=True)
    if not await _is_up(victim):
        return
    if rng.random() < 0.5:
        kinds = ("before", "after", f"late {rng.uniform(0, 10):.2f}")
        bomb.write_text(rng.choice(kinds), encoding="ascii")
        try:
            async with asyncio.timeout(FUSE_S):
                await victim.ended()
        except TimeoutError:
            say("a bomb did not go off")
    else:
        await asyncio.sleep(rng.uniform(0.05, 0.5))
    await victim.kill()


async def _is_up(victim: Victim) -> bool:
    await victim.spawn()
    return await victim.ready()


def judge(folder: Path, objectives: Sequence[Objective], *, kills: int) -> list[Figure]:
    """Return the bar's figures from the ledger, the outer log and the database."""
    kept, effects = read_kept(folder), effects_by_place(folder)
    taken = [o for o in objectives if o.run_id]
    begun = {note.place for note in read_chronicle(folder) if note.kind == "started"}
    codes = kept.codes()
    surfaced = [place for place, found in codes.items() if UNKNOWN in found]
    return [
        Figure("bar4_real_kills", kills),
        Figure("bar4_objectives", len(taken)),
        Figure("bar4_effects", sum(effects.values()), what="lines in the outer ledger"),
        Figure("bar4_double_effects", sum(n > 1 for n in effects.values()), most=0),
        Figure("bar4_ambiguous", len(surfaced), what=f"ended as {UNKNOWN}"),
        Figure("bar4_ambiguous_unsurfaced", len(unsurfaced(begun, kept)), most=0),
        Figure("bar4_claimed_without_effect", claimed(kept, effects), most=0, what="success, yet no line"),
        stuck(taken, kept, bar=4),
        Figure("bar4_runs_per_key_max", kept.most_runs_of_one_objective(), most=1),
    ]


def unsurfaced(begun: set[Place], kept: Kept) -> list[Place]:
    """Return the effectful bodies that began and neither succeeded nor ended as unknown."""
    successes, codes = kept.successes(), kept.codes()
    return sorted(p for p in begun if not successes[p] and UNKNOWN not in codes.get(p, set()))


def claimed(kept: Kept, effects: dict[Place, int]) -> int:
    """Count successes of paying steps whose effect is not in the ledger."""
    return sum(not effects.get(place) for place, count in kept.successes().items() if count)
