"""What a form sends, read strictly; what is wrong with it, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, get_args
from urllib.parse import parse_qs

from pydantic import JsonValue
from starlette.requests import Request

from contracts.errors import CallsheetError, InvalidInput
from contracts.jsonvalue import parse_json
from contracts.run import Approval
from planner.objective import check_inputs, check_objective
from service.refusals import WrongMediaType

MAX_FIELDS: Final = 20
FORM_TYPE: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class ObjectiveForm:
    """The form that starts an objective, as it was sent."""

    objective: str = ""
    inputs: str = ""
    """JSON, or nothing."""
    approval: Approval = "auto"
    errors: Mapping[str, str] = field(default_factory=dict)
    """Field -> what is wrong with it; `form` for the whole."""

    def values(self) -> dict[str, JsonValue]:
        """Return the inputs.

        Raises:
            InvalidInput: `json.*`, `request.invalid`, `plan.bad_input`.
        """
        if not self.inputs.strip():
            return {}
        found = parse_json(self.inputs)
        if not isinstance(found, dict):
            raise InvalidInput("request.invalid", 'inputs are a JSON object, such as {"max_price": 9000}')
        check_inputs(found)
        return found


async def read_form(request: Request) -> dict[str, str]:
    """Return the first value of each field.

    Raises:
        WrongMediaType: `request.media_type`.
        InvalidInput: `request.invalid`.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != FORM_TYPE:
        raise WrongMediaType("request.media_type", f"a form of type {media[:80]!r}, {FORM_TYPE} is read")
    try:
        text = (await request.body()).decode("utf-8")
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as exc:
        raise InvalidInput("request.invalid", "the form is not urlencoded UTF-8") from exc
    return {name: values[0].replace("\r\n", "\n") for name, values in fields.items()}


def objective_form(fields: Mapping[str, str]) -> ObjectiveForm:
    """Return the form with everything found wrong in it."""
    approvals: dict[str, Approval] = {known: known for known in get_args(Approval)}
    approval = approvals.get(fields.get("approval", "auto"), "plan")
    form = ObjectiveForm(fields.get("objective", ""), fields.get("inputs", ""), approval)
    errors: dict[str, str] = {}
    for name, check in (("objective", lambda: check_objective(form.objective)), ("inputs", form.values)):
        try:
            check()
        except CallsheetError as exc:
            errors[name] = exc.message
    return replace(form, errors=errors)
