"""What the operator grants guests, as a list of names that plans are held against."""

from __future__ import annotations

from collections.abc import Mapping

from service.settings_guests import GuestSettings
from wasm_agents.grants import OperatorPolicy


def granted_capabilities(guests: GuestSettings, environment: Mapping[str, str]) -> frozenset[str]:
    """Return it in the form of `planner.checks.asked.Asked.capabilities`.

    Args:
        guests: The operator's settings.
        environment: Holds the secrets' variables.
    """
    policy: OperatorPolicy = guests.policy(environment)
    namespaces = ("*",) if policy.kv == "all" else policy.kv
    return frozenset(
        [
            *(f"http:{rule.host}" for rule in policy.http),
            *(f"kv:{name}" for name in namespaces),
            *(f"llm:{name}" for name in policy.llm),
            *(f"secrets:{name}" for name, source in policy.secrets.items() if source.value),
        ]
    )
