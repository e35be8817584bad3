"""Add a call of an agent to a draft, fed with what there is; where it runs once for each, over what."""

from __future__ import annotations

from collections.abc import Sequence

from planner.chaining.call import Call
from planner.chaining.csv_columns import converted_column
from planner.chaining.feeding import EACH, Fed, feed
from planner.chaining.handed import literals_in, without_borrowed
from planner.chaining.number_places import over_numbers
from planner.chaining.open_feeding import open_bind
from planner.chaining.outputs import Output
from planner.chaining.renamed import name_as_wanted
from planner.chaining.schemas import properties_of, types_of
from planner.chaining.template_places import places_of
from planner.chaining.wanted import wanted_of
from planner.rules.draft import Draft, key
from planner.rules.text import Text


def add_call(draft: Draft, call: Call, text: Text, outputs: Sequence[Output], *, is_given: bool) -> str:
    """Add a call of an agent and return the key of what it gives.

    Args:
        draft: Where it goes.
        call: The agent, and what is known of its arguments.
        text: What asks for it.
        outputs: What comes before it in the same ask.
        is_given: Whether the text speaks of material that the caller gives beside it.

    Raises:
        InvalidInput: `plan.unsupported_objective`, something it must have is nowhere.
    """
    if properties_of(call.card.takes):
        mine = over_numbers(draft, without_borrowed(call, text), outputs) if outputs else call
        wanted = wanted_of(mine, text, outputs)
        wanted = wanted if wanted[0] else converted_column(mine, text, outputs)
        if isinstance(template := mine.presets.get("template"), str) and wanted[0]:
            name_as_wanted(draft, places_of(template), [*wanted[0].values(), *filter(None, wanted[1:])])
        fed = feed(draft, mine, text, outputs, is_given=is_given, wanted=wanted)
        fed = fed if wanted[0] else _for_each(fed, call, text, outputs)
    else:
        own = literals_in(text, call.stretch) if outputs else set(range(len(text.literals)))
        fed = Fed(open_bind(draft, text, outputs, own))
    said = call.card.description.strip().partition("\n")[0]
    return draft.add(
        call.card.name, said, fed.bind, gives=call.card.name.removeprefix("wasm:")[:50], foreach=fed.foreach
    )


def _for_each(fed: Fed, call: Call, text: Text, outputs: Sequence[Output]) -> Fed:
    """Let a call that takes an object run once for each row before it, when the text says "each"."""
    if fed.foreach is not None or not EACH.search(text.folded):
        return fed
    for name, source in fed.bind.items():
        rows = next(
            (o for o in outputs if o.key == source.get("key") and "rows" in properties_of(o.gives)), None
        )
        whole = not source.get("pointer")
        if rows is not None and whole and types_of(properties_of(call.card.takes).get(name)) == {"object"}:
            fed.foreach = key(rows.key, "/rows")
            fed.bind[name] = key(rows.key)
            break
    return fed
