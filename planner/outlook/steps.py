"""One step's outlook: its risk, its time, its cost; a stand-in's risk is the step's too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from contracts.card import AgentCard
from contracts.effect import Effect
from contracts.hosts import hosts_within
from contracts.priors import Past
from contracts.taint import Source, tainted_keys, tainted_uses
from planner.outlook.reach import Reach, hosts_of, reach_of
from planner.outlook.risk import Facts, combined, reasons_of
from planner.outlook.shape import StepOutlook, level_of
from planner.outlook.timing import Timing, Width, timing_of

if TYPE_CHECKING:
    from planner.outlook.shape import Reason

_STRENGTH: Final = {Effect.PURE: 0, Effect.IDEMPOTENT: 1, Effect.EFFECTFUL: 2}


@dataclass(frozen=True, slots=True)
class Known:
    """What the outlook of every step of one plan rests on."""

    inputs: Mapping[str, Any]
    hosts: Mapping[str, frozenset[str]]
    """The caller's keys and the hosts that each of them names."""
    cards: Mapping[str, AgentCard]
    reaches: Mapping[str, Reach]
    tainted: Mapping[str, tuple[Source, ...]]
    past: Past
    width: Width

    @classmethod
    def of(
        cls,
        document: Mapping[str, Any],
        cards: Sequence[AgentCard],
        *,
        past: Past,
        width: Width,
    ) -> Self:
        """Return what is known of a plan's steps.

        Args:
            document: The plan.
            cards: The agents at hand.
            past: What is known of earlier runs.
            width: How many attempts go at once.
        """
        by_name = {card.name: card for card in cards}
        inputs: Mapping[str, Any] = document.get("inputs", {})
        return cls(
            inputs=inputs,
            hosts={key: frozenset(hosts_within(value)) for key, value in inputs.items()},
            cards=by_name,
            reaches={name: reach_of(card) for name, card in by_name.items()},
            tainted=tainted_keys(document, by_name),
            past=past,
            width=width,
        )

    def card(self, name: str) -> AgentCard:
        """Return an agent's card; for one that is gone since the plan was made, a card that says nothing."""
        return self.cards.get(name) or AgentCard(name, "", "", {}, {})

    def facts(self, subtask: Mapping[str, Any], agent: str) -> Facts:
        """Return what the risk of a step is judged by, done by one agent."""
        card, reach = self.card(agent), self.reaches.get(agent, Reach())
        asked = Effect(subtask.get("effect", Effect.PURE))
        return Facts(
            card=card,
            effect=max(card.effect, asked, key=_STRENGTH.__getitem__),
            reach=reach,
            tainted=tainted_uses(subtask, self.tainted),
            hosts=hosts_of(subtask, reach, self.hosts),
            past=self.past,
        )


def step_of(subtask: Mapping[str, Any], known: Known) -> tuple[StepOutlook, Timing]:
    """Return what is expected of one subtask."""
    facts = known.facts(subtask, subtask["required_agent"])
    both = [facts]
    if "fallback_agent" in subtask:
        both.append(known.facts(subtask, subtask["fallback_agent"]))
    reasons = _reasons(both)
    timing = timing_of(
        subtask,
        facts.card,
        effect=facts.effect,
        reach=facts.reach,
        inputs=known.inputs,
        past=known.past,
        width=known.width,
    )
    risk = combined(reason.points for reason in reasons)
    step = StepOutlook(
        id=subtask["id"],
        agent=facts.card.name,
        version=facts.card.version,
        effect=max((f.effect for f in both), key=_STRENGTH.__getitem__).value,
        risk=risk,
        level=level_of(risk),
        reasons=reasons,
        seconds=timing.seconds,
        basis=timing.basis,
        elements=timing.elements,
        attempts_most=timing.attempts_most,
        tokens=timing.tokens,
        usd=timing.usd,
        tainted=facts.tainted,
        hosts=tuple(sorted({host for f in both for host in f.hosts})),
    )
    return step, timing


def _reasons(both: Sequence[Facts]) -> tuple[Reason, ...]:
    found = {reason: None for facts in both for reason in reasons_of(facts)}
    return tuple(sorted(found, key=lambda reason: -reason.points))
