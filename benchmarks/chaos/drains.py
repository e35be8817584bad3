"""Bar 10, second half: SIGTERM under load; the service ends soon, and no request that it took is dropped.

A request that gets no answer is a drop only if the service acted on it: its run
is there afterwards. One whose connection ends before any byte of it was read,
as when both sides close an idle connection at once, was never taken.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.chaos.event_stream import Stream
from benchmarks.chaos.feeder import Objective, take_in, watch
from benchmarks.chaos.figures import Figure, say
from benchmarks.chaos.patience import until
from benchmarks.chaos.plans import chain, random_plan
from benchmarks.chaos.victim import Victim
from benchmarks.chaos.wire import Gone, Line

BAR_S: Final = 3.0
POSTERS: Final = 16
STREAMS: Final = 100
LONG_RUNS: Final = 4
LOAD_S: Final = 1.5
FINISH_S: Final = 120.0
IDLE_S: Final = 30.0
"""Without a single run's end, after which those that are left count as stuck."""
AGENTS: Final = {"chaos_pure": 6, "chaos_keyed": 2, "chaos_pay": 1}


@dataclass(slots=True)
class Sent:
    """What became of the requests of every round."""

    answered: Counter[int] = field(default_factory=Counter)
    taken: list[Objective] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    """Tags of requests that were sent and got no answer."""
    whys: Counter[str] = field(default_factory=Counter)
    """What their sockets said."""
    never_sent: int = 0
    streams_broken: int = 0
    streams_ended: int = 0
    exits_s: list[float] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)


async def drain_often(folder: Path, *, rounds: int, seed: int, load_s: float = LOAD_S) -> list[Figure]:
    """End a service under load so often; then let it finish everything and look for what it dropped.

    Args:
        folder: Where it lives.
        rounds: How often.
        seed: Decides what is asked, and when it ends.
        load_s: How long it is under load, at the most.
    """
    rng = random.Random(seed)
    victim, sent = Victim(folder), Sent()
    for _ in range(rounds):
        await _round(victim, sent, rng, load_s=load_s)
    say(f"{rounds} times SIGTERM under load, {sum(sent.answered.values())} answers")
    await victim.start()
    watching = [asyncio.create_task(watch(victim, o)) for o in sent.taken]
    stuck = set(watching)
    while stuck:  # as long as something goes on; how much there is to do differs
        done, stuck = await asyncio.wait(stuck, timeout=IDLE_S, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            break
    for task in stuck:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    await victim.stop()
    return _figures(sent, _objectives(victim.path), rounds=rounds, stuck=len(stuck))


def _figures(sent: Sent, kept: set[str], *, rounds: int, stuck: int) -> list[Figure]:
    lost = [o for o in sent.taken if o.tag not in kept]
    acted_on = [tag for tag in sent.unanswered if tag in kept]
    return [
        Figure("bar10_term_rounds", rounds),
        Figure("bar10_term_exit_s_max", round(max(sent.exits_s), 2), most=BAR_S),
        Figure("bar10_term_bad_exits", sum(n for code, n in sent.codes.items() if code), most=0,
               what=str(dict(sent.codes))),
        Figure("bar10_term_answers", sum(sent.answered.values()), what=str(dict(sent.answered))),
        Figure("bar10_term_dropped", len(lost) + len(acted_on), most=0,
               what=f"{len(lost)} answered 202 and not kept, {len(acted_on)} kept and not answered"),
        Figure("bar10_term_unanswered", len(sent.unanswered), what=f"nothing came of them: {dict(sent.whys)}"),
        Figure("bar10_term_stuck", stuck, most=0, what=f"of {len(sent.taken)} taken in"),
        Figure("bar10_term_streams_broken", sent.streams_broken, most=0,
               what=f"cut within an event; {sent.streams_ended} ended in good order"),
    ]  # fmt: skip


async def _round(victim: Victim, sent: Sent, rng: random.Random, *, load_s: float) -> None:
    await victim.start()
    over = asyncio.Event()
    first = len(sent.taken)
    posting = [
        asyncio.create_task(_post_until(victim, sent, random.Random(rng.random()), over, keep=i % 2 == 0))
        for i in range(POSTERS)
    ]
    await until(lambda: len(sent.taken) - first >= POSTERS, within_s=FINISH_S)
    long = [await _long_run(victim, sent, rng) for _ in range(LONG_RUNS)]
    reading = [asyncio.create_task(_read(victim, sent, long[i % LONG_RUNS])) for i in range(STREAMS)]
    await asyncio.sleep(rng.uniform(load_s / 2, load_s))
    try:
        sent.exits_s.append(await victim.stop())
    except TimeoutError:
        sent.exits_s.append(30.0)
    sent.codes[await victim.ended()] += 1
    over.set()
    await asyncio.gather(*posting, *reading)


async def _long_run(victim: Victim, sent: Sent, rng: random.Random) -> str:
    """Start a run that outlasts the round, and return its id."""
    tag = f"long {rng.getrandbits(64):016x}"
    body = {"objective": tag, "plan": chain(tag, ["chaos_pure"] * 25, ms=100)}
    objective = Objective(tag, body)
    await take_in(victim, objective)
    sent.taken.append(objective)
    return objective.run_id


async def _post_until(
    victim: Victim, sent: Sent, rng: random.Random, over: asyncio.Event, *, keep: bool
) -> None:
    """Send one objective after the other, over one connection or each over its own, until nobody listens."""
    line = Line(victim.port)
    while not over.is_set():
        tag = f"drain {rng.getrandbits(64):016x}"
        body: dict[str, Any] = {"objective": tag, "plan": random_plan(rng, tag, agents=AGENTS)}
        try:
            answer = await line.ask("POST", "/objectives", body=body, headers={"idempotency-key": tag})
        except Gone as gone:
            if gone.was_sent:
                sent.unanswered.append(tag)
                sent.whys[str(gone)[:60]] += 1
            else:
                sent.never_sent += 1
                await asyncio.sleep(0.05)
            continue
        sent.answered[answer.status] += 1
        if answer.status == 202:
            sent.taken.append(Objective(tag, body, run_id=answer.json["run_id"]))
        if not keep:
            line.close()
        await asyncio.sleep(rng.uniform(0, 0.05))
    line.close()


async def _read(victim: Victim, sent: Sent, run_id: str) -> None:
    """Read a run's events until the connection ends, however it does."""
    try:
        stream = await Stream.open(victim.port, run_id)
    except Gone:
        return
    try:
        while await stream.next() is not None:
            pass
        sent.streams_ended += 1
    except Gone:
        sent.streams_broken += 1
    finally:
        stream.close()


def _objectives(path: Path) -> set[str]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return {text for (text,) in connection.execute("SELECT objective FROM run")}
