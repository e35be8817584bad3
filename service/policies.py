"""What runs may reach: made of what their authors named and of what the operator granted, once for each set of hosts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from contracts.jsonvalue import canonical_json
from contracts.policy import FetchLimits, Grant, Policy
from egress.policy_for import hosts_in
from traces.redaction import Redactor

MOST: Final = 256


class Policies:
    """Makes policies.

    Args:
        grants: What the operator allows.
        limits: The operator's, for each fetch.
        redactor: Makes what is shown of a policy.
    """

    def __init__(self, grants: Sequence[Grant], limits: FetchLimits, redactor: Redactor) -> None:
        self._grants = tuple(grants)
        self._limits = limits
        self._redactor = redactor
        self._made: OrderedDict[tuple[str, ...], tuple[Policy, JsonValue]] = OrderedDict()

    def of(
        self, objective: str, inputs: Mapping[str, JsonValue], hosts: Sequence[str]
    ) -> tuple[Policy, JsonValue]:
        """Return what a run may reach, and how that is shown.

        Args:
            objective: Names hosts by its URLs.
            inputs: Likewise.
            hosts: Those its plan names.
        """
        given = hosts_in(canonical_json(dict(inputs))) if inputs else ()
        named = tuple(dict.fromkeys((*hosts_in(objective), *given, *hosts)))
        found = self._made.get(named)
        if found is None:
            policy = Policy(hosts=named, grants=self._grants, limits=self._limits)
            found = self._made[named] = (policy, self._redactor.value(policy.model_dump(mode="json")))
            if len(self._made) > MOST:
                self._made.popitem(last=False)
        else:
            self._made.move_to_end(named)
        return found
