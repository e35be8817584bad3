"""What past traces tell of the next attempts: how many, how long, how often they failed; always a bounded look.

Reads a few columns of the newest attempts, never a body as a whole, so that it
is quick on a file of any size. Imports no pydantic: the `plan` command asks too.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from math import ceil
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

from contracts.priors import Past, Prior
from storage.tallies import attempts_of_agent, attempts_of_run, ended_runs, versions_of_agent

if TYPE_CHECKING:
    from storage.reader import Reader
    from storage.table import Row

PER_AGENT: Final = 1_000
"""Attempts of one agent, at most."""
ALL_AGENTS: Final = 4_000
"""Attempts of all agents together, at most; each has its share."""
LEAST: Final = 50
"""Attempts of one agent in any case."""
VERSIONS: Final = 20
"""Attempts of one agent whose version is looked at."""
RUNS: Final = 1_000
"""The newest, among which the plan's own and the hosts are looked for."""
OF_PLAN: Final = 10
"""Runs of the very plan."""
OF_RUN: Final = 400
"""Attempts of one of them."""
MOST: Final = 1e12
"""Milliseconds, tokens or dollars of one attempt; who says more made it up, and a sum of such is no number."""

_ENDED: Final = ("success", "partial_success", "failure", "timeout")
_WITH_OUTPUT: Final = ("success", "partial_success")


def past_of(reader: Reader, agents: Collection[str], *, plan_id: str = "") -> Past:
    """Return what is known from before of a plan's agents, and of the plan itself where it ran.

    Args:
        reader: Of the file that runs and traces are kept in.
        agents: By name.
        plan_id: Empty: no plan's own runs are looked for.

    Raises:
        Damaged: `storage.damaged`.
        Unavailable: `storage.read_failed`, `storage.closed`.
    """
    names = sorted(set(agents))
    share = min(PER_AGENT, max(LEAST, ALL_AGENTS // max(len(names), 1)))
    runs, *found = reader.query_all(
        [
            ended_runs(limit=RUNS),
            *(attempts_of_agent(name, limit=share) for name in names),
            *(versions_of_agent(name, limit=VERSIONS) for name in names),
        ]
    )
    priors = {
        name: prior_of(attempts, versions=[row["version"] for row in versions])
        for name, attempts, versions in zip(names, found[: len(names)], found[len(names) :], strict=True)
    }
    own = [row["run_id"] for row in runs if plan_id and row["plan_id"] == plan_id][:OF_PLAN]
    return Past(
        agents={name: prior for name, prior in priors.items() if prior is not None},
        steps=_steps(reader, own),
        hosts=_hosts({row["hosts"] for row in runs if row["hosts"] is not None}),
        runs=len(own),
    )


def prior_of(rows: Iterable[Row], *, versions: Iterable[Any] = ()) -> Prior | None:
    """Return what attempts tell together; None where none of them ever ran.

    Args:
        rows: As `storage.tallies` selects attempts.
        versions: Of the newest few.
    """
    ended = [
        row for row in rows if row["attempt"] and row["status"] in _ENDED and _amount(row["duration_ms"])
    ]
    if not ended:
        return None
    done = [row for row in ended if row["status"] in _WITH_OUTPUT]
    taken = sorted(float(row["duration_ms"]) for row in done or ended)
    return Prior(
        attempts=len(ended),
        p50_ms=quantile(taken, 0.5),
        p95_ms=quantile(taken, 0.95),
        mean_ms=fmean(taken),
        failures=1 - len(done) / len(ended),
        elements=_elements(ended),
        tokens=_mean(row["tokens"] for row in ended),
        usd=_mean(row["usd"] for row in ended),
        last_ms=max(row["started_ms"] for row in ended),
        versions=Counter(version for version in versions if isinstance(version, str)),
    )


def quantile(ordered: Sequence[float], q: float) -> float:
    """Return the `q` quantile of at least one sorted number, by linear interpolation.

    Source: Hyndman and Fan 1996, type 7.
    """
    place = q * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _steps(reader: Reader, run_ids: Sequence[str]) -> dict[str, Prior]:
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for found in reader.query_all([attempts_of_run(run_id, limit=OF_RUN) for run_id in run_ids]):
        for row in found:
            if row["subtask_id"]:  # else it tells of the plan itself
                rows[row["subtask_id"]].append(row)
    priors = {name: prior_of(attempts) for name, attempts in rows.items()}
    return {name: prior for name, prior in priors.items() if prior is not None}


def _elements(rows: Iterable[Row]) -> int | None:
    """Return how many elements those subtasks had that ran once for each of a list, on average."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        if row["item_index"] is not None:
            name = row["run_id"], row["subtask_id"]
            counts[name] = max(counts.get(name, 0), row["item_index"] + 1)
    return ceil(fmean(counts.values())) if counts else None


def _mean(amounts: Iterable[Any]) -> float | None:
    found = [float(amount) for amount in amounts if _amount(amount)]
    return fmean(found) if found else None


def _amount(value: Any) -> bool:
    """Say whether a value that an agent may have made up can be reckoned with."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST


def _hosts(lists: Iterable[str]) -> frozenset[str]:
    return frozenset(host.lower() for text in lists for host in _listed(text) if isinstance(host, str))


def _listed(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # somebody changed the file
        return []
    return found if isinstance(found, list) else []
