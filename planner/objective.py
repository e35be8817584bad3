"""What counts as an objective and as its inputs at all, before anybody plans."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json

if TYPE_CHECKING:
    from pydantic import JsonValue

MAX_OBJECTIVE: Final = 4000
"""Characters."""
MAX_INPUTS: Final = 1000
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


def check_objective(objective: str) -> str:
    """Return the objective, trimmed.

    Raises:
        InvalidInput: `plan.empty_objective`, `plan.objective_too_long`, `plan.objective_encoding`.
    """
    asked = objective.strip()
    if not asked:
        raise InvalidInput("plan.empty_objective", "the objective is empty", hint="Say what to find or do.")
    if len(asked) > MAX_OBJECTIVE:
        raise InvalidInput(
            "plan.objective_too_long",
            f"an objective of {len(asked)} characters, at most {MAX_OBJECTIVE} are read",
            hint="Give long material with --input.",
        )
    if any("\ud800" <= c <= "\udfff" for c in asked):
        raise InvalidInput("plan.objective_encoding", "the objective is not Unicode text: a lone surrogate")
    return asked


def check_inputs(inputs: Mapping[str, JsonValue]) -> None:
    """Refuse inputs that no plan could carry.

    Raises:
        InvalidInput: `plan.bad_input`, a key is no name or a value is not JSON.
    """
    if not inputs:
        return
    if len(inputs) > MAX_INPUTS:
        raise InvalidInput(
            "plan.bad_input",
            f"{len(inputs)} inputs, at most {MAX_INPUTS} are read",
            hint="Give a list as one input.",
        )
    for name in inputs:
        if not _KEY.fullmatch(name):
            raise InvalidInput(
                "plan.bad_input", f"no input can be called {name[:80]!r}", hint="Use a-z, 0-9 and _."
            )
    try:
        canonical_json(dict(inputs)).encode()
    except (ValueError, TypeError, RecursionError) as exc:  # NaN; a lone surrogate
        raise InvalidInput("plan.bad_input", f"an input is not JSON: {str(exc)[:200]!r}") from exc
