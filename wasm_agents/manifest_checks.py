"""What a manifest's schema cannot say of it: how its fields must agree, and the effect that follows from them.

Both readings of a manifest end here, the quick one for cards and the typed one
for whoever makes or looks into an agent; so this imports next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from contracts.effect import Effect
from contracts.jsonvalue import join_pointer

WHOLE: Final = "/"
"""The path of a rule for everything on a host."""
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing where they are sent."""
NO_SECRET: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"}
)
"""Headers that say how a message is read; no secret is put there."""
WHOLE_NUMBERS: Final = ("capabilities", "limits", "retries")
"""Fields that hold no fraction, not even `5.0`."""

Problem = tuple[str, str]
"""A pointer into the manifest, and what is wrong there."""


def problems_across(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with a manifest that fits its schema."""
    yield from _reserved(document)
    for name in WHOLE_NUMBERS:
        yield from _fractions(document.get(name), (name,))
    asked = document.get("capabilities", {})
    yield from _twice(asked.get("kv", ()), "kv", "namespace")
    yield from _twice(asked.get("secrets", ()), "secrets", "name")
    for at, rule in enumerate(asked.get("http", ())):
        wrong = path_problem(rule.get("path", WHOLE))
        if wrong:
            yield join_pointer("capabilities", "http", at, "path"), wrong
    for at, secret in enumerate(asked.get("secrets", ())):
        yield from _secret_problems(secret, asked.get("http", ()), at)
    why = why_effectful(document)
    if why and document.get("effect") == Effect.PURE:
        yield "/effect", f"an agent that {why} is not pure: leave `effect` out, or say what it is"


def effect_of(document: Mapping[str, Any]) -> Effect:
    """Return the effect of a manifest's agent: what it declares, raised to what its capabilities mean.

    Whoever writes kv is effectful. Whoever sends other requests than GET, HEAD
    and OPTIONS is too, unless its author says that they are idempotent.
    """
    declared = Effect(document.get("effect", Effect.PURE))
    if _writes_kv(document):
        return Effect.EFFECTFUL
    return Effect.EFFECTFUL if declared is Effect.PURE and why_effectful(document) else declared


def why_effectful(document: Mapping[str, Any]) -> str:
    """Return what a manifest's agent may do that is not undone by forgetting its answer, or ''."""
    if _writes_kv(document):
        return "writes kv"
    http = document.get("capabilities", {}).get("http", ())
    methods = sorted({m for rule in http for m in rule.get("methods", ())} - READING)
    return f"sends {', '.join(methods)}" if methods else ""


def path_problem(path: str) -> str:
    """Return what is wrong with the path of a rule, or ''."""
    stem = path.removesuffix("*")
    if not path.startswith("/") or any(c in stem for c in "*?#"):
        return f"the path {path[:80]!r} is '/', one path, or ends with '/' or '*'"
    if not is_plain(stem) or "%" in path or "//" in path:
        return f"the path {path[:80]!r} holds what servers read in different ways"
    return ""


def is_plain(path: str) -> bool:
    """Say whether a path means the same to every server: no encoded slash, no dot segment, nothing encoded twice."""
    read = unquote(path, errors="replace")
    if read.count("/") != path.count("/") or any(c in read for c in "\\%\ufffd") or not read.isprintable():
        return False
    return all(part.partition(";")[0] not in {".", ".."} for part in read.split("/"))


def narrower_host(one: str, other: str) -> str:
    """Return the narrower of two host patterns that overlap, else ''.

    A pattern is a host, or `*.example.com` for every name below it.
    """
    if one == other or (other.startswith("*.") and _is_below(one, other)):
        return one
    return other if one.startswith("*.") and _is_below(other, one) else ""


def _is_below(host: str, wildcard: str) -> bool:
    return host != wildcard and host.endswith(wildcard[1:]) and len(host) >= len(wildcard)


def _writes_kv(document: Mapping[str, Any]) -> bool:
    return any(rule.get("access") == "rw" for rule in document.get("capabilities", {}).get("kv", ()))


def _reserved(document: Mapping[str, Any]) -> Iterator[Problem]:
    if document.get("signature"):
        yield "/signature", "signatures are not checked by this version, so none is taken: leave it out"
    if document.get("isolation") == "process":
        yield (
            "/isolation",
            "this version runs no guest in a process of its own: leave it out, or say 'thread'",
        )


def _fractions(value: Any, at: tuple[str | int, ...]) -> Iterator[Problem]:
    if isinstance(value, float):
        yield join_pointer(*at), f"{value!r} is not an integer"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _fractions(inner, (*at, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _fractions(inner, (*at, index))


def _twice(rules: Sequence[Mapping[str, Any]], kind: str, field: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for at, rule in enumerate(rules):
        if rule[field] in seen:
            yield join_pointer("capabilities", kind, at, field), f"{rule[field]!r} stands twice"
        seen.add(rule[field])


def _secret_problems(
    secret: Mapping[str, Any], http: Sequence[Mapping[str, Any]], at: int
) -> Iterator[Problem]:
    if secret.get("header", "").lower() in NO_SECRET:
        yield join_pointer("capabilities", "secrets", at, "header"), f"{secret['header']!r} holds no secret"
    for number, host in enumerate(secret["hosts"]):
        if not any(narrower_host(host, rule["host"]) == host for rule in http):
            pointer = join_pointer("capabilities", "secrets", at, "hosts", number)
            yield pointer, f"no request to {host!r} is asked for under http"
