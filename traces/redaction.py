"""Take secrets out of what is kept, logged or shown.

A secret is found as it is, and as it stands after percent-encoding, JSON
escaping and base64 (also inside a longer base64 text, at any of its three
alignments). What stands under a name like `authorization` or `api_key` goes
whole, whether anybody told us the secret or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import JsonValue

from contracts.plan import Bind, Plan, When
from contracts.run import Run
from contracts.trace import ErrorRecord, ExecutionTrace, TraceMetadata
from traces.secret_forms import SecretForms

MARK: Final = "[redacted]"
MIN_SECRET_CHARS: Final = 8
"""A shorter word (`none`, `ollama`) is no secret, and hunting it would mangle ordinary text."""
MAX_DEPTH: Final = 200
MAX_OBJECTIVE_CHARS: Final = 4000
"""What a plan may hold, as in `contracts.plan`; the mark may be longer than the secret."""
MAX_SUBTASK_CHARS: Final = 1000

_NAMES: Final = frozenset(
    {"authorization", "proxyauthorization", "apikey", "xapikey", "password", "passwd", "pwd", "passphrase"}
    | {"token", "secret", "cookie", "setcookie", "credential", "credentials", "privatekey"}
)
_ENDINGS: Final = ("apikey", "password", "passphrase", "token", "secret", "secretkey", "privatekey", "cookie")
_FILLERS: Final = re.compile(r"[^a-z0-9]+")
_UNTOLD: Final = re.compile(
    r"(?P<bearer>\bBearer\s{1,9})[A-Za-z0-9._~+/=-]{16,}"
    r"|(?P<header>\bauthorization[\"']?\s{0,9}[:=]\s{0,9}[\"']?(?:(?:basic|bearer|token)\s{1,9})?)[^\s\"',;]{4,}"
    r"|(?P<user>://)[^\s/?#@:\"'<>]{0,256}:[^\s/?#@\"'<>]{1,256}(?=@)"
    r"|(?P<query>[?&;](?:api_?key|access_token|auth_token|token|password|passwd|secret|client_secret"
    r"|signature|sig)=)[^&#;\s\"'<>]+",
    re.IGNORECASE,
)
"""Secrets nobody told us of, known by where they stand."""


class Redactor:
    """Replaces secrets by `[redacted]`.

    Args:
        secrets: Those of at least 8 characters are looked for in every text.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found = sorted({s for s in secrets if len(s) >= MIN_SECRET_CHARS}, key=len, reverse=True)
        self._forms = SecretForms(found)

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        if len(text) < MIN_SECRET_CHARS:
            return text
        return _UNTOLD.sub(lambda m: f"{m[m.lastgroup or 0]}{MARK}", self._forms.replace(text, MARK))

    def value(self, value: JsonValue) -> JsonValue:
        """Return a copy of the value without secrets, in its names as well."""
        return self._walk(value, 0)

    def trace(self, trace: ExecutionTrace) -> ExecutionTrace:
        """Return the trace without secrets in what went in, came out or was said of it."""
        metadata = trace.metadata.model_dump(mode="json", exclude_unset=True)
        clean = self.value(metadata)
        return trace.model_copy(
            update={
                "input": self.value(trace.input),
                "output": self.value(trace.output),
                "expected_output": self.value(trace.expected_output),
                "metadata": trace.metadata if clean == metadata else TraceMetadata.model_validate(clean),
            }
        )

    def run(self, run: Run) -> Run:
        """Return the run without secrets; ids and keys stay, so that it is the same run still."""
        return run.model_copy(
            update={
                "objective": self.text(run.objective),
                "inputs": self.value(dict(run.inputs)),
                "plan": run.plan and self._plan(run.plan),
                "result": self.value(run.result),
                "error": run.error
                and ErrorRecord.model_validate(self.value(run.error.model_dump(mode="json"))),
            }
        )

    def _plan(self, plan: Plan) -> Plan:
        subtasks = tuple(
            s.model_copy(
                update={
                    "objective": self.text(s.objective)[:MAX_SUBTASK_CHARS],
                    **({"bind": self._bind(s.bind)} if "bind" in s.model_fields_set else {}),
                    **({"when": self._when(s.when)} if s.when else {}),
                }
            )
            for s in plan.subtasks
        )
        inputs = {key: MARK if _is_sensitive(key, v) else self.value(v) for key, v in plan.inputs.items()}
        return plan.model_copy(
            update={
                "objective": self.text(plan.objective)[:MAX_OBJECTIVE_CHARS],
                "subtasks": subtasks,
                **({"inputs": inputs} if inputs else {}),
            }
        )

    def _bind(self, bind: Mapping[str, Bind]) -> dict[str, Bind]:
        clean = {}
        for name, source in bind.items():
            given = "literal" in source.model_fields_set
            literal = MARK if _is_sensitive(name, source.literal) else self.value(source.literal)
            clean[name] = source.model_copy(update={"literal": literal}) if given else source
        return clean

    def _when(self, when: When) -> When:
        given = "value" in when.model_fields_set
        return when.model_copy(update={"value": self.value(when.value)}) if given else when

    def _walk(self, value: JsonValue, depth: int) -> JsonValue:
        if isinstance(value, str):
            return self.text(value)
        if not isinstance(value, list | dict):
            return value
        if depth > MAX_DEPTH:
            return MARK
        if isinstance(value, list):
            return [self._walk(item, depth + 1) for item in value]
        found: dict[str, JsonValue] = {}
        for name, item in value.items():
            kept = self.text(name)
            while kept in found:
                kept += "*"
            found[kept] = MARK if _is_sensitive(name, item) else self._walk(item, depth + 1)
        return found


def _is_sensitive(name: str, value: JsonValue) -> bool:
    if value is None or isinstance(value, bool) or value == "":
        return False
    plain = _FILLERS.sub("", name[:200].lower())
    if plain in _NAMES:
        return True
    # A number under `..._token` counts tokens or measures the time to one.
    return plain.endswith(_ENDINGS) and not isinstance(value, int | float)
