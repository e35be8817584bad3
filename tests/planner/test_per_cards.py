"""What is worked out of a catalogue is worked out once, and not kept for ever."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.card import AgentCard
from planner.per_cards import PerCards


def counted(made: list[tuple[str, ...]], *, most: int) -> PerCards[Sequence[AgentCard]]:
    def make(cards: Sequence[AgentCard]) -> Sequence[AgentCard]:
        made.append(tuple(card.name for card in cards))
        return tuple(cards)

    return PerCards(make, most=most)


def test_the_same_cards_are_worked_out_once(cards: tuple[AgentCard, ...]) -> None:
    made: list[tuple[str, ...]] = []
    kept = counted(made, most=2)
    assert kept.of(cards) is kept.of(list(cards))
    assert len(made) == 1


def test_other_cards_are_another_catalogue(cards: tuple[AgentCard, ...]) -> None:
    made: list[tuple[str, ...]] = []
    kept = counted(made, most=2)
    assert kept.of(cards) != kept.of(cards[1:])
    assert len(made) == 2


def test_the_catalogue_asked_of_first_is_forgotten_first(cards: tuple[AgentCard, ...]) -> None:
    made: list[tuple[str, ...]] = []
    kept = counted(made, most=2)
    for part in (cards, cards[1:], cards[2:], cards[1:], cards):
        kept.of(part)
    assert [len(names) for names in made] == [len(cards), len(cards) - 1, len(cards) - 2, len(cards)]
