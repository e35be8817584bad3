"""What the agent takes, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from agents.data.bounds import spec_nodes
from agents.data.spec import DataInputs
from contracts.errors import InvalidInput
from contracts.jsonvalue import join_pointer


def read_inputs(inputs: Mapping[str, Any]) -> DataInputs:
    """Return the inputs, checked; a null counts as absent.

    Raises:
        InvalidInput: `data.bad_input`, with field and reason; `data.too_large`, the spec is too big or too deep.
    """
    given = {name: value for name, value in inputs.items() if value is not None}
    spec_nodes(given.get("steps"))
    try:
        return DataInputs.model_validate(given)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False)[0]
        where = join_pointer(*first["loc"])
        raise InvalidInput(
            "data.bad_input",
            f"{where or 'the inputs'}: {first['msg']}"[:500],
            where=where,
            hint="Give tables, by name, and steps that begin with from, concat or zip.",
        ) from exc
