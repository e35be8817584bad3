"""Which names say that a secret stands under them, whether anybody told us the secret or not.

A name is read as words, whatever joins them: `X-API-Key`, `apiKey` and
`api_key` are one. Of a dotted name or a pointer the last part counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from pydantic import JsonValue

_WHOLE: Final = frozenset(
    {"authorization", "proxyauthorization", "apikey", "xapikey", "password", "passwd", "pwd", "passphrase"}
    | {"passcode", "token", "secret", "cookie", "setcookie", "credential", "credentials", "privatekey"}
)
_WHOLE_TEXT: Final = frozenset({"sessionid", "sessid", "phpsessid", "jsessionid", "bearer"})
_ENDINGS: Final = (
    *("apikey", "accesskey", "secretkey", "privatekey", "signingkey", "encryptionkey"),
    *("password", "passwd", "passphrase", "passcode", "token", "secret", "cookie", "credentials"),
    "authorization",
)
_LAST_WORDS: Final = frozenset({"pwd", "jwt"})
_SCHEMES: Final = frozenset(
    {"", "anonymous", "apikey", "basic", "bearer", "digest", "jwt", "no", "none", "oauth", "oauth2"}
    | {"optional", "required", "session", "token", "yes"}
)
"""What `auth` may say without giving anything away."""
_PAIR_NAMES: Final = ("name", "Name", "key", "Key", "header", "field", "param", "parameter")
_PAIR_VALUES: Final = ("value", "Value", "values", "Values")
_FILLERS: Final = re.compile(r"[^a-z0-9]+")
_PARTS: Final = re.compile(r"[./\[\]]+")
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_LONGEST: Final = 200

Kind = Literal["plain", "always", "text", "scheme"]


def is_sensitive(name: str, value: JsonValue) -> bool:
    """Say whether a value goes because of the name it stands under; what is absent or a flag stays."""
    if value is None or isinstance(value, bool) or value == "":
        return False
    kind = _kind(name[-_LONGEST:])
    if kind in {"plain", "always"}:
        return kind == "always"
    # A number under `..._token` counts tokens or measures the time to one.
    if isinstance(value, int | float):
        return False
    return kind == "text" or not (isinstance(value, str) and _plain(value[:_LONGEST]) in _SCHEMES)


def values_named(pairs: Mapping[str, JsonValue]) -> frozenset[str]:
    """Return which fields of `{"name": "Authorization", "value": …}` hold what the pair names."""
    fields = [field for field in _PAIR_VALUES if field in pairs]
    if not fields:
        return frozenset()
    names = [name for field in _PAIR_NAMES if isinstance(name := pairs.get(field), str)]
    return frozenset(f for f in fields if any(is_sensitive(name, pairs[f]) for name in names))


@lru_cache(maxsize=4096)
def _kind(name: str) -> Kind:
    last = next((part for part in reversed(_PARTS.split(name)) if part), "")
    words = _WORDS.findall(last)
    final = words[-1].lower() if words else ""
    for plain in (_plain(name), _plain(last)):
        if plain in _WHOLE:
            return "always"
        if plain in _WHOLE_TEXT or plain.endswith(_ENDINGS):
            return "text"
    if final == "auth":
        return "scheme"
    return "text" if final in _LAST_WORDS else "plain"


def _plain(name: str) -> str:
    return _FILLERS.sub("", name.lower())
