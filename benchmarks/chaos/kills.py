"""Bar 3: `kill -9` at random moments; nothing acknowledged may be lost, run again, or left unfinished."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.chaos.chronicle import Note, Place, effects_by_place, read_chronicle
from benchmarks.chaos.feeder import Feeder, Objective
from benchmarks.chaos.figures import Figure, percentile, say
from benchmarks.chaos.kept import Kept, read_kept
from benchmarks.chaos.plans import random_plan
from benchmarks.chaos.victim import Victim

SLOTS: Final = 8
AGENTS: Final = {"chaos_pure": 6, "chaos_keyed": 3, "chaos_pay": 2, "chaos_nap": 1}
EARLY: Final = 0.15
"""The share of kills timed from the start of the process, not from when it serves."""


@dataclass(slots=True)
class Lives:
    """When each life of the service began."""

    born_s: dict[int, float] = field(default_factory=dict)
    served: set[int] = field(default_factory=set)


def objective_body(rng: random.Random, tag: str) -> dict[str, object]:
    """Return a request for a random graph."""
    return {"objective": tag, "plan": random_plan(rng, tag, agents=AGENTS)}


async def kill_often(folder: Path, *, kills: int, seed: int) -> list[Figure]:
    """Kill a working service so often, let the last life finish, and hold what is kept against what was heard."""
    rng = random.Random(seed)
    victim = Victim(folder, settings={"run": {"concurrency": SLOTS}})
    feeder = Feeder(victim, rng, objective_body)
    lives = Lives()
    feeding = asyncio.create_task(feeder.run())
    try:
        for number in range(kills):
            await _one_life(victim, lives, rng)
            await victim.kill()
            if number % 50 == 49:
                say(f"{number + 1} kills, {len(feeder.objectives)} objectives")
        await victim.start()
        lives.born_s[victim.life] = victim.born_s
        is_over = await feeder.finish(feeding)
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        await victim.stop()
    figures = judge(folder, feeder.objectives, lives, kills=kills)
    return [*figures, Figure("bar3_all_over", int(is_over), what="1: every objective was heard to end")]


async def _one_life(victim: Victim, lives: Lives, rng: random.Random) -> None:
    await victim.spawn()
    lives.born_s[victim.life] = victim.born_s
    delay = rng.uniform(0.2, 2.0)
    if rng.random() < EARLY:
        await asyncio.sleep(delay)
        return
    if not await victim.ready():
        raise RuntimeError(f"the service did not come back:\n{victim.last_words()}")
    lives.served.add(victim.life)
    await asyncio.sleep(delay)


def judge(folder: Path, objectives: Sequence[Objective], lives: Lives, *, kills: int) -> list[Figure]:
    """Return the bar's figures from the chronicle, the ledger, the database and what was heard."""
    notes = list(read_chronicle(folder))
    taken = [o for o in objectives if o.run_id]
    kept = read_kept(folder)
    again, finished_again = reruns(notes, kept.failures())
    resumed = first_resumed_ms(notes, taken, lives)
    unlike = [o for o in taken if o.final == "succeeded" and not kept.is_right(o)]
    return [
        Figure("bar3_kills", kills),
        Figure("bar3_objectives", len(taken), what="answered 202"),
        Figure("bar3_bodies", sum(n.kind == "started" for n in notes), what="begun, by the outer log"),
        Figure("bar3_acknowledged", sum(len(o.ended) for o in taken), what="attempts heard to have ended"),
        Figure("bar3_acknowledged_lost", lost(taken, kept), most=0),
        Figure("bar3_acknowledged_rerun", acknowledged_reruns(notes, taken), most=0),
        stuck(taken, kept, bar=3),
        Figure("bar3_failed", sum(o.final not in {"succeeded", ""} for o in taken), most=0),
        Figure("bar3_wrong_results", len(unlike), most=0, what="against a model of the plan"),
        Figure("bar3_refused", sum(len(o.refusals) for o in objectives), most=0),
        Figure("bar3_succeeded_twice", sum(n > 1 for n in kept.successes().values()), most=0),
        Figure("bar3_runs_per_key_max", kept.most_runs_of_one_objective(), most=1),
        Figure("bar3_double_effects", sum(n > 1 for n in effects_by_place(folder).values()), most=0),
        Figure("bar3_keys_changed", changed_keys(notes), most=0, what="idempotency keys across attempts"),
        Figure("bar3_event_gaps", sum(o.gaps for o in taken), most=0),
        Figure("bar3_event_doubles", sum(o.doubles for o in taken), most=0),
        Figure("bar3_rerun_per_kill_max", max(again.values(), default=0), most=SLOTS),
        Figure("bar3_rerun_per_kill_mean", round(sum(again.values()) / max(kills, 1), 2)),
        Figure("bar3_finished_rerun_per_kill_max", max(finished_again.values(), default=0), most=SLOTS,
               what="bodies that had ended and were not yet acknowledged"),
        Figure("bar3_first_resumed_ms_max", percentile(resumed, 1.0), most=1000, what="from the process's start"),
        Figure("bar3_first_resumed_ms_p50", percentile(resumed, 0.5), what=f"of {len(resumed)} starts"),
    ]  # fmt: skip


def lost(taken: Sequence[Objective], kept: Kept) -> int:
    """Count acknowledged runs and attempts that are not kept as they were told."""
    runs = sum(not kept.has_run(o.run_id) for o in taken)
    attempts = sum(kept.status_of(a.trace_id) != a.status for o in taken for a in o.ended)
    return runs + attempts


def stuck(taken: Sequence[Objective], kept: Kept, *, bar: int) -> Figure:
    """Count runs that are not over, and say where the first of them stand."""
    left = [o for o in taken if not kept.is_final(o.run_id)]
    where = [f"{o.run_id} {kept.states.get(o.run_id, 'gone')} at event {o.last_event}" for o in left[:3]]
    return Figure(f"bar{bar}_stuck", len(left), most=0, what="; ".join(where))


def acknowledged_reruns(notes: Sequence[Note], taken: Sequence[Objective]) -> int:
    """Count bodies that began again after they were heard to have succeeded."""
    last_start: dict[Place, int] = {}
    for note in notes:
        if note.kind == "started":
            last_start[note.place] = note.offset
    heard = [a for o in taken for a in o.ended if a.status in {"success", "partial_success"}]
    return sum(last_start.get(a.place, -1) >= a.offset for a in heard)


def reruns(notes: Sequence[Note], failed: Collection[tuple[Place, int]]) -> tuple[Counter[int], Counter[int]]:
    """Return life -> places begun in it and again in a later one; and those of them that had ended in it.

    Another attempt after one that `failed` by itself is none.
    """
    lives: dict[Place, dict[int, Note]] = defaultdict(dict)
    for note in notes:
        lives[note.place][note.life] = note
    all_of, finished = Counter[int](), Counter[int]()
    for by_life in lives.values():
        for life in sorted(by_life)[:-1]:
            if (by_life[life].place, by_life[life].attempt) not in failed:
                all_of[life] += 1
                finished[life] += by_life[life].kind == "finished"
    return all_of, finished


def changed_keys(notes: Sequence[Note]) -> int:
    """Count places whose attempts were given more than one idempotency key."""
    keys: dict[Place, set[str]] = defaultdict(set)
    for note in notes:
        keys[note.place].add(note.key)
    return sum(len(found) > 1 for found in keys.values())


def first_resumed_ms(notes: Sequence[Note], taken: Sequence[Objective], lives: Lives) -> list[float]:
    """Return how long each life took to begin a body of a run taken in before it, where it lived to do so."""
    accepted = {o.run_id: o.accepted_s for o in taken}
    first: dict[int, float] = {}
    for note in notes:
        born = lives.born_s.get(note.life, 0)
        if note.kind == "started" and accepted.get(note.run_id, born) < born:
            first.setdefault(note.life, note.at_s)
    return [(at - lives.born_s[life]) * 1000 for life, at in first.items() if life > 1]
