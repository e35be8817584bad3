"""Take secrets out of texts, names and JSON; imports nothing heavy.

A secret is found as it is, and as it stands after percent-encoding, JSON
escaping and base64 (also inside a longer base64 text, at any of its three
alignments). What stands under a name like `authorization` or `api_key` goes
whole, whether anybody told us the secret or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Literal

from traces.secret_forms import SecretForms
from traces.sensitive_names import is_sensitive, values_named

if TYPE_CHECKING:
    from pydantic import JsonValue

MARK: Final = "[redacted]"
MIN_SECRET_CHARS: Final = 8
"""A shorter word (`none`, `ollama`) is no secret, and hunting it would mangle ordinary text."""
MAX_DEPTH: Final = 200
MAX_NAME_CHARS: Final = 63
"""Of a context key or a subtask's id, as in `contracts.plan`."""

_UNTOLD: Final = re.compile(
    r"(?P<bearer>\bBearer\s{1,9})[A-Za-z0-9._~+/=-]{16,}"
    r"|(?P<header>\bauthorization[\"']?\s{0,9}[:=]\s{0,9}[\"']?(?:(?:basic|bearer|token)\s{1,9})?)[^\s\"',;]{4,}"
    r"|(?P<user>://)[^\s/?#@:\"'<>]{0,256}:[^\s/?#@\"'<>]{1,256}(?=@)"
    r"|(?P<query>[?&;#](?:key|api[_-]?key|subscription-key|(?:access|auth|id|refresh)_token|token|jwt|auth"
    r"|session_?id|password|passwd|pwd|secret|client_secret|signature|sig"
    r"|x-(?:amz|goog)-(?:signature|credential|security-token))=)[^&#;\s\"'<>]+",
    re.IGNORECASE,
)
"""Secrets nobody told us of, known by where they stand."""


class Cleaner:
    """Replaces secrets by `[redacted]`.

    Args:
        secrets: Those of at least 8 characters are looked for in every text.
        finds: `told` leaves what is only known as a secret by its place or name.
    """

    def __init__(self, secrets: Iterable[str] = (), *, finds: Literal["told", "all"] = "all") -> None:
        self._secrets = sorted({s for s in secrets if len(s) >= MIN_SECRET_CHARS}, key=lambda s: (-len(s), s))
        self._forms = SecretForms(self._secrets)
        self._finds_all = finds == "all"

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        if len(text) < MIN_SECRET_CHARS:
            return text
        told = self._forms.replace(text, MARK)
        return _UNTOLD.sub(lambda m: f"{m[m.lastgroup or 0]}{MARK}", told) if self._finds_all else told

    def name(self, name: str) -> str:
        """Return a context key or an id without secrets: the same stand-in wherever it stands, and a key still."""
        for number, secret in enumerate(self._secrets, 1):
            if secret in name:
                name = name.replace(secret, f"hidden_{number}")[:MAX_NAME_CHARS]
        return name

    def value(self, value: JsonValue) -> JsonValue:
        """Return a copy of the value without secrets, in its names as well."""
        return self._walk(value, 0)

    def values(self, values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Return context values by their keys; one under a key like `api_key` goes whole."""
        return {self.name(key): self.under(key, value) for key, value in values.items()}

    def under(self, name: str, value: JsonValue) -> JsonValue:
        """Return what may be kept of a value that stands under a name."""
        return MARK if self._hides(name, value) else self._walk(value, 0)

    def _hides(self, name: str, value: JsonValue) -> bool:
        return self._finds_all and is_sensitive(name, value)

    def _walk(self, value: JsonValue, depth: int) -> JsonValue:
        if isinstance(value, str):
            return self.text(value)
        if not isinstance(value, list | dict):
            return value
        if depth > MAX_DEPTH:
            return MARK
        if isinstance(value, list):
            return [self._walk(item, depth + 1) for item in value]
        hidden = values_named(value) if self._finds_all else ()
        found: dict[str, JsonValue] = {}
        for name, item in value.items():
            gone = name in hidden or self._hides(name, item)
            found[unused(self.text(name), found)] = MARK if gone else self._walk(item, depth + 1)
        return found


def unused(name: str, taken: Mapping[str, object]) -> str:
    """Return the name, with stars where two names became alike."""
    while name in taken:
        name += "*"
    return name
