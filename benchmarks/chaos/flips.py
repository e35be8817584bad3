"""Bar 8, second half: one flipped byte in a copy of a real database; nothing wrong is served, the damage is named."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from benchmarks.chaos.feeder import Feeder
from benchmarks.chaos.figures import Figure, say
from benchmarks.chaos.plans import plan, random_plan, step
from benchmarks.chaos.snapshot import ERROR, Findings, Snapshot, look_into, snapshot
from benchmarks.chaos.victim import Victim
from storage.backup import back_up

AGENTS: Final = {"chaos_pure": 4, "chaos_keyed": 2, "chaos_pay": 2, "chaos_nap": 1}
WORKERS: Final = 2
DOCTOR_EVERY: Final = 20

Spot = tuple[int, int]
"""A byte's offset, and a bit of it."""


def mixed_body(rng: random.Random, tag: str) -> dict[str, Any]:
    """Return a request for a random graph, one in three for an output that is kept as a blob."""
    if rng.random() < 0.33:
        bulky = step("s", "chaos_bulky", seed=rng.getrandbits(30), chars=rng.choice((2_000, 90_000)))
        return {"objective": tag, "plan": plan(tag, [bulky])}
    return {"objective": tag, "plan": random_plan(rng, tag, agents=AGENTS)}


async def make_original(folder: Path, *, seconds: float, seed: int) -> Path:
    """Return the database of a service that worked for so long, was killed once, and ended in good order."""
    victim = Victim.in_new(folder)
    await victim.start()
    feeder = Feeder(victim, random.Random(seed), mixed_body, at_once=6)
    feeding = asyncio.create_task(feeder.run())
    await asyncio.sleep(seconds)
    await victim.kill()
    await victim.start()
    await asyncio.sleep(seconds / 2)
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)
    await victim.stop()
    return victim.path


async def flip_bytes(folder: Path, *, flips: int, seed: int, seconds: float = 1.0) -> list[Figure]:
    """Damage so many copies, each in one byte, and judge what they serve."""
    original = await make_original(folder / "original", seconds=seconds, seed=seed)
    return await asyncio.to_thread(judge_flips, folder, original, flips=flips, seed=seed)


def judge_flips(folder: Path, original: Path, *, flips: int, seed: int) -> list[Figure]:
    """Return the bar's figures."""
    backup = folder / "backup.db"
    back_up(original, backup)
    bench = _Bench(folder, original.read_bytes(), backup, snapshot(original))
    rng = random.Random(seed)
    places = [(rng.randrange(len(bench.whole)), 1 << rng.randrange(8)) for _ in range(flips)]
    shares = [places[i::WORKERS] for i in range(WORKERS)]
    with ThreadPoolExecutor(WORKERS) as threads:
        judged = [one for share in threads.map(bench.flip_all, shares) for one in share]
    count = Counter(word for _, words in judged for word in words)
    bad = [f"byte {offset} bit {bit}: {w}" for (offset, bit), words in judged for w in words if w in _BAD]
    for example in bad[:5]:
        say(example)
    unreadable = sum(text.startswith(ERROR) for text in bench.good.values())
    return _figures(count, flips, len(bench.whole), unreadable=unreadable)


@dataclass(frozen=True, slots=True)
class _Bench:
    """What every flip is made of and held against."""

    folder: Path
    whole: bytes
    backup: Path
    good: Snapshot

    def flip_all(self, places: Sequence[Spot]) -> list[tuple[Spot, list[str]]]:
        """Return each place with what became of the file damaged there."""
        judged = []
        with _Looker() as looker:
            for number, place in enumerate(places):
                judged.append((place, self._flip(looker, place, ask_doctor=number % DOCTOR_EVERY == 0)))
                if number % 50 == 49:
                    say(f"{number + 1} of {len(places)} flips")
        return judged

    def _flip(self, looker: _Looker, place: Spot, *, ask_doctor: bool) -> list[str]:
        offset, bit = place
        damaged = bytearray(self.whole)
        damaged[offset] ^= bit
        copy = self.folder / f"flip{offset}-{bit}.db"
        copy.write_bytes(damaged)
        found = looker.look(copy, self.backup)
        words = _judged(found, self.good) if found else ["hung"]
        if ask_doctor and found and found.seen:
            copy.write_bytes(damaged)
            words += [] if _doctor_names(copy) else ["doctor_mute"]
        _remove(copy)
        return words


_BAD: Final = frozenset({"wrong", "unnamed", "unmended", "hung", "doctor_silent", "doctor_mute"})


def _figures(count: Counter[str], flips: int, size: int, *, unreadable: int) -> list[Figure]:
    return [
        Figure("bar8_flips", flips, what=f"of one bit each, in {size:,} bytes"),
        Figure("bar8_flips_original_errors", unreadable, most=0),
        Figure("bar8_flips_wrong_served", count["wrong"], most=0,
               what=", ".join(f"{n} {word}" for word, n in count.items() if word.startswith("wrong:"))),
        Figure("bar8_flips_refused", count["refused"], what="files in which some read was refused"),
        Figure("bar8_flips_hidden", count["hidden"], what="files in which some row is no longer listed"),
        Figure("bar8_flips_harmless", count["harmless"], what="every read gave what was written"),
        Figure("bar8_flips_named", count["named"], what="by `db check`"),
        Figure("bar8_flips_unnamed", count["unnamed"], most=0, what="a read refused or a row hidden, unseen by check"),
        Figure("bar8_flips_doctor_silent", count["doctor_silent"], most=0, what="of the named"),
        Figure("bar8_flips_doctor_mute", count["doctor_mute"], most=0, what="seen, and the command did not say so"),
        Figure("bar8_flips_unmended", count["unmended"], most=0, what="after `db restore`"),
        Figure("bar8_flips_hung", count["hung"], most=0),
    ]  # fmt: skip


def _judged(found: Findings, good: Snapshot) -> list[str]:
    words = set(_differences(found.served, good))
    if not words:
        words.add("harmless")
    if found.named:
        words |= {"named"} if found.seen else {"named", "doctor_silent"}
    elif words & {"refused", "hidden"}:
        words.add("unnamed")
    if found.mended != good:
        words.add("unmended")
    return sorted(words)


def _differences(served: Snapshot, good: Snapshot) -> Iterator[str]:
    for name, text in served.items():
        if text.startswith(ERROR):
            yield "refused"
        elif good.get(name) != text:
            yield "wrong"
            yield f"wrong: {name.partition(' ')[0]}"
    if not good.keys() <= served.keys():
        yield "hidden"


class _Looker:
    """A process that looks into damaged files; one that hangs or crashes is replaced."""

    def __enter__(self) -> Self:
        self._pool = ProcessPoolExecutor(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def look(self, copy: Path, backup: Path) -> Findings | None:
        """Return what was found; None when the process did not live to tell."""
        looking: Future[Findings] = self._pool.submit(look_into, copy, backup)
        try:
            return looking.result()
        except BrokenProcessPool:
            self._pool.shutdown()
            self._pool = ProcessPoolExecutor(1)
            return None


def _doctor_names(path: Path) -> bool:
    """Ask `callsheet doctor` about a file and return whether it sees that it is damaged."""
    script = Path(sys.executable).with_name("callsheet")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CALLSHEET_")}
    done = subprocess.run(
        [str(script), "doctor", "--json"], cwd=path.parent, capture_output=True, text=True, check=False, timeout=60,
        env=environment | {"CALLSHEET_STORAGE__PATH": str(path)},
    )  # fmt: skip
    return any(not part["is_ok"] and "database" in part["part"] for part in json.loads(done.stdout))


def _remove(path: Path) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()
