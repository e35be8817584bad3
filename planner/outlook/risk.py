"""How risky a step is, and why: what it does to the world, what it touches, who fed it, how new it is here.

Each reason has a weight: what the risk would be if it were the only one. They
combine as independent chances do, so the order does not matter, more reasons
never make less risk, and nothing reaches 100. The weights are a judgement, not
a measurement; `docs/planning-ahead.md` shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log, prod
from typing import TYPE_CHECKING, Final

from contracts.effect import Effect
from planner.outlook.shape import Reason, RiskKind, StepOutlook, WholeReason

if TYPE_CHECKING:
    from contracts.card import AgentCard
    from contracts.priors import Past, Prior
    from contracts.taint import Use
    from planner.outlook.reach import Reach

SELDOM: Final = 5
"""An agent that ran fewer times is new here."""
MAX_NAMES: Final = 3
EFFECTFUL: Final = 50
WEIGHTS: Final[dict[str, int]] = {
    "effectful": EFFECTFUL,
    "idempotent": 10,
    "network": 5,
    "sends": 15,
    "secrets": 15,
    "kv_read": 2,
    "kv_write": 8,
    "llm": 8,
    "unrepeatable": 2,
    "taint_into_effect": 45,
    "taint_into_sending": 20,
    "taint_into_reach": 6,
    "never_ran": 2,
    "never_ran_guest": 6,
    "never_ran_effectful": 25,
    "new_host": 6,
    "new_host_sends": 15,
}
"""Points; those of an agent that ran seldom, or not in this version, are half of one that never ran."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the risk of one step is judged by."""

    card: AgentCard
    effect: Effect
    """The stronger of what the plan and the card say."""
    reach: Reach
    tainted: tuple[Use, ...]
    hosts: tuple[str, ...]
    past: Past


def reasons_of(facts: Facts) -> tuple[Reason, ...]:
    """Return everything that makes a step risky, the weightiest first."""
    found = (*_effect(facts), *_capabilities(facts), *_taint(facts), *_novelty(facts))
    return tuple(sorted(found, key=lambda reason: -reason.points))


def combined(points: Iterable[float]) -> int:
    """Return what several risks come to together, from 0 to 100."""
    return round(100 * (1 - prod(1 - min(p, 100) / 100 for p in points)))


def whole_reasons(steps: Sequence[StepOutlook]) -> tuple[WholeReason, ...]:
    """Return the reasons of all steps, one of a kind and agent named once, the weightiest first."""
    groups: dict[tuple[str, str], list[tuple[Reason, str]]] = {}
    for step in steps:
        for reason in step.reasons:
            groups.setdefault((reason.about, reason.agent), []).append((reason, step.id))
    found = []
    for group in groups.values():
        most = max((reason for reason, _ in group), key=lambda reason: reason.points)
        ids = tuple(dict.fromkeys(sid for _, sid in group))
        found.append(WholeReason(most.kind, most.about, most.agent, most.text, most.points, ids))
    return tuple(sorted(found, key=lambda reason: -reason.points))


def whole_risk(reasons: Sequence[WholeReason]) -> int:
    """Return the risk of a plan: never less than its riskiest step's, and more with every step of its kind."""
    return combined(100 * (1 - (1 - r.points / 100) ** (1 + log(len(r.steps)))) for r in reasons)


def _effect(facts: Facts) -> Iterator[Reason]:
    name = facts.card.name
    if facts.effect is Effect.EFFECTFUL:
        yield _reason("effect", "effectful", name, f"{name} changes something that cannot be taken back")
    elif facts.effect is Effect.IDEMPOTENT:
        yield _reason(
            "effect", "idempotent", name, f"{name} changes something, though doing it twice does no more"
        )


def _capabilities(facts: Facts) -> Iterator[Reason]:
    name, reach = facts.card.name, facts.reach
    where = _list(facts.hosts) or "hosts that only show when it runs"
    if reach.sends:
        yield _reason("capability", "sends", name, f"{name} sends requests that may change {where}")
    elif reach.network:
        yield _reason("capability", "network", name, f"{name} reads from the network: {where}")
    if reach.secrets:
        yield _reason(
            "capability", "secrets", name, f"{name} has requests signed with {_list(reach.secrets)}"
        )
    if reach.kv == "rw":
        yield _reason("capability", "kv_write", name, f"{name} changes values kept for later runs")
    elif reach.kv:
        yield _reason("capability", "kv_read", name, f"{name} reads values that earlier runs kept")
    if reach.llm:
        yield _reason("capability", "llm", name, f"{name} asks a language model")
    if reach.is_unrepeatable:
        yield _reason("capability", "unrepeatable", name, f"{name} asks the machine's clock or chance")


def _taint(facts: Facts) -> Iterator[Reason]:
    if not facts.tainted:
        return
    name, why = facts.card.name, _list([str(use) for use in facts.tainted])
    if facts.effect is Effect.EFFECTFUL:
        text = f"what {name} does is up to somebody untrusted: {why}"
        yield _reason("taint", "taint_into_effect", name, text)
    elif facts.reach.sends or facts.reach.secrets:
        text = f"what {name} sends is up to somebody untrusted: {why}"
        yield _reason("taint", "taint_into_sending", name, text)
    elif facts.reach.touches:
        text = f"what {name} asks for is up to somebody untrusted: {why}"
        yield _reason("taint", "taint_into_reach", name, text)


def _novelty(facts: Facts) -> Iterator[Reason]:
    name, version = facts.card.name, facts.card.version
    prior = facts.past.agents.get(name)
    if facts.effect is Effect.EFFECTFUL:
        about = "never_ran_effectful"
    else:
        about = "never_ran_guest" if name.startswith("wasm:") else "never_ran"
    if prior is None or not prior.attempts:
        said = "has never run here" if facts.past.is_known else "may never have run here: no traces were read"
        yield _reason("novelty", about, name, f"{name} {said}")
    elif prior.versions and version not in prior.versions:
        said = f"{name} {version} has not run here, only other versions"
        yield _reason("novelty", about, name, said, share=0.5)
    elif prior.attempts < SELDOM:
        said = f"{name} has run here only {_times(prior)}"
        yield _reason("novelty", about, name, said, share=0.5)
    strange = tuple(host for host in facts.hosts if host not in facts.past.hosts)
    if strange:
        about = "new_host_sends" if facts.reach.sends else "new_host"
        yield _reason("novelty", about, name, f"no run here has reached {_list(strange)} before")


def _reason(kind: RiskKind, about: str, agent: str, text: str, *, share: float = 1) -> Reason:
    return Reason(kind, about, agent, text, round(WEIGHTS[about] * share))


def _times(prior: Prior) -> str:
    return "once" if prior.attempts == 1 else f"{prior.attempts} times"


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more
