"""A shipped guest as the host runs it: its own manifest's limits, its answer out of the envelope."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from contracts.errors import AttemptFailed
from contracts.jsonvalue import parse_json
from wasm_agents.catalogue import guest_cards, module_path
from wasm_agents.envelope import open_envelope
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits


@contextmanager
def shipped(name: str) -> Iterator[Guest]:
    """Give the guest `name`, loaded within its manifest's limits."""
    card = next(card for card in guest_cards() if card.name == f"wasm:{name}")
    host = Host()
    yield host.load(module_path(card), GuestLimits(**card.extra["limits"]), sha256=card.sha256)
    host.close()


def ask(guest: Guest, inputs: Any) -> Any:
    """Return the value the guest answers to these inputs."""
    return open_envelope(guest.call(json.dumps(inputs, ensure_ascii=False).encode(), 30.0).output)


def refusal(guest: Guest, inputs: Any) -> tuple[str, str]:
    """Return the guest's own code and message; it must refuse."""
    with pytest.raises(AttemptFailed) as raised:
        ask(guest, inputs)
    assert raised.value.code == "guest.error"
    return raised.value.data["guest_code"], raised.value.message.removeprefix("the guest says: ")


def answers_in_an_envelope(guest: Guest, data: bytes) -> bool:
    """Return whether the guest answers any bytes with an envelope, and does not trap."""
    envelope = parse_json(guest.call(data, 30.0).output, max_depth=200)
    return isinstance(envelope, dict) and len(envelope) == 1 and envelope.keys() <= {"ok", "error"}
