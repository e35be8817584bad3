"""The laws notice: a world's evidence, changed by hand in one place, is no evidence of a sound world any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from simulation.connection import Row
from simulation.laws.book import judge
from simulation.laws.evidence import Proof
from simulation.laws.rows import every_look_is_whole
from simulation.seed import quiet
from simulation.small import small
from simulation.snapshot import Snapshot
from simulation.world import World

SEED = 8


def proof_of(seed: int = SEED) -> Proof:
    with quiet(), small(seed):
        return World(seed).run()


def changed(row: Row, **columns: Any) -> Row:
    return type(row)(columns.get(name, value) for name, value in zip(row.names, row, strict=True))


def of_a_run(look: Snapshot, table: str) -> Iterator[int]:
    return (i for i, row in enumerate(look.rows[table]) if not row["run_id"].startswith("old-"))


def drop(table: str) -> Callable[[Proof], None]:
    def tamper(proof: Proof) -> None:
        rows = proof.snapshots[-1].rows[table]
        del rows[next(of_a_run(proof.snapshots[-1], table))]

    return tamper


def change(table: str, **columns: Any) -> Callable[[Proof], None]:
    def tamper(proof: Proof) -> None:
        rows = proof.snapshots[-1].rows[table]
        at = next(of_a_run(proof.snapshots[-1], table))
        rows[at] = changed(rows[at], **columns)

    return tamper


def twice_in_the_ledger(proof: Proof) -> None:
    effects = [e for e in proof.history.effects if e.kind == "effectful"]
    proof.history.effects.append(effects[0])


def unannounced(proof: Proof) -> None:
    next(e for e in proof.history.effects if e.kind == "effectful").had_intent = False


def called_once_more(proof: Proof) -> None:
    proof.history.calls.append(proof.history.calls[0])


def told_of_a_run_that_is_not(proof: Proof) -> None:
    asked = next(r for r in proof.history.requests if r.verb == "submit" and r.is_acknowledged)
    asked.fields["made"] = "nowhere"


def shown_what_is_not(proof: Proof) -> None:
    proof.history.seen[0].event_id = 10_000


def told_to_nobody(proof: Proof) -> None:
    proof.history.seen = [seen for seen in proof.history.seen if seen.by != "observer"]


def answered_wrongly(proof: Proof) -> None:
    next(r for r in proof.history.requests if r.verb == "submit").answer = "journal.fenced"


def given_too_little_time(proof: Proof) -> None:
    proof.history.calls[0].timeout_s = 0.001


def left_standing(proof: Proof) -> None:
    proof.history.calls.clear()


@pytest.mark.parametrize(
    "tamper",
    [
        drop("trace"), drop("event"), drop("value"), drop("run"),
        change("value", value='"other"', blob=None), change("trace", attempt=7), change("run", state="running"),
        change("run", deadline_ms=1), change("trace", next_ms=5), change("event", event_id=77),
        change("run", priority=99), change("run", objective="another"), change("run", started_ms=5),
        change("trace", duration_ms=77_777.0), change("trace", status="timeout"), change("trace", usage='{"x":1}'),
        change("event", kind="approved"), change("run", state="cancelled"), change("run", ended_ms=None),
        twice_in_the_ledger, unannounced, called_once_more, told_of_a_run_that_is_not, shown_what_is_not,
        told_to_nobody, answered_wrongly, given_too_little_time, left_standing,
    ],
    ids=lambda t: t.__qualname__.replace(".<locals>.tamper", ""),
)  # fmt: skip
def test_evidence_changed_in_one_place_breaks_a_law(tamper: Callable[[Proof], None]) -> None:
    proof = proof_of(effectful_seed())
    tamper(proof)
    assert judge(proof) != []


@cache
def effectful_seed() -> int:
    """Return the first sound world in which something was done to the outside and something was written."""
    for seed in range(SEED, 200):
        proof = proof_of(seed)
        ledger = [e for e in proof.history.effects if e.kind == "effectful"]
        if ledger and proof.snapshots[-1].rows["value"] and judge(proof) == []:
            return seed
    raise AssertionError("no such world")


def test_a_sound_world_breaks_no_law() -> None:
    assert judge(proof_of(effectful_seed())) == []


def test_a_world_that_did_not_come_to_its_end_is_not_judged_further() -> None:
    proof = proof_of()
    proof.snapshots.pop()
    assert judge(proof) == []


def test_each_law_says_what_it_looks_for() -> None:
    assert (every_look_is_whole.__doc__ or "").startswith("What each life found")
