"""Which requests a guest may make: rules of scheme, host, port, methods and path, and how two lists of them meet.

A rule is held against the URL as egress will send it, parsed once the way
browsers parse it, never against its text. A path that a server may read in
more than one way (an encoded slash, a dot segment that survives) is inside
no rule but one for the whole host.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from typing_extensions import override

from contracts.errors import Refused
from egress.target import DEFAULT_PORTS, Target, parse_target
from wasm_agents.manifest_checks import WHOLE, is_plain, narrower_host, path_problem


@dataclass(frozen=True, slots=True)
class HttpRule:
    """Requests that are allowed together."""

    scheme: str
    host: str
    """A name, an address, or `*.example.com`: every name below it, and not itself."""
    port: int
    methods: tuple[str, ...] = ("GET",)
    path: str = WHOLE
    """One path; everything under it where it ends with `/`; everything it begins where it ends with `*`."""

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Self:
        """Return the rule a manifest's `capabilities.http` entry spells."""
        scheme = asked.get("scheme", "https")
        methods = tuple(sorted(set(asked.get("methods", ("GET",)))))
        port = asked.get("port") or DEFAULT_PORTS[scheme]
        return cls(scheme, asked["host"], port, methods, asked.get("path", WHOLE))

    def as_json(self) -> dict[str, Any]:
        """Return it as a manifest spells it."""
        return {
            "scheme": self.scheme,
            "host": self.host,
            "port": self.port,
            "methods": list(self.methods),
            "path": self.path,
        }

    @override
    def __str__(self) -> str:
        port = "" if self.port == DEFAULT_PORTS.get(self.scheme) else f":{self.port}"
        return f"{'|'.join(self.methods)} {self.scheme}://{self.host}{port}{self.path}"

    def meets(self, other: HttpRule) -> HttpRule | None:
        """Return what both allow, or None."""
        host = narrower_host(self.host, other.host)
        path = _narrower_path(self.path, other.path)
        methods = tuple(m for m in self.methods if m in other.methods)
        is_same = (self.scheme, self.port) == (other.scheme, other.port)
        if not (is_same and host and path and methods):
            return None
        return HttpRule(self.scheme, host, self.port, methods, path)

    def reaches(self, target: Target) -> bool:
        """Say whether the target's scheme, host and port are this rule's."""
        same = (self.scheme, self.port) == (target.scheme, target.port)
        return same and host_covers(self.host, target.host)

    def holds_path(self, path: str) -> bool:
        """Say whether the rule's path covers one, given as it is sent, without its query."""
        if self.path == WHOLE:
            return True
        return _path_covers(self.path, path) and is_plain(path)


def parse_rule(text: str) -> HttpRule:
    """Return the rule an operator's line spells: `https://api.example.com/v1/`, `GET|POST http://127.0.0.1:8000/`.

    Without methods it is `GET` and `HEAD`; without a path, the whole host.

    Raises:
        ValueError: It is no such line.
    """
    methods, space, url = text.strip().rpartition(" ")
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    star = authority.startswith("*.")
    try:
        target = parse_target(f"{scheme}://{authority.removeprefix('*.')}/")
    except Refused as exc:
        raise ValueError(f"{text[:120]!r} is no rule such as 'GET|POST https://api.example.com/v1/'") from exc
    named = tuple(sorted(set(methods.split("|")))) if space else ("GET", "HEAD")
    host = f"*.{target.host}" if star else target.host
    if not all(m.isascii() and m.isalpha() and m.isupper() for m in named):
        raise ValueError(f"{text[:120]!r}: methods are upper case, with '|' between them")
    if "*" in target.host or (star and (target.address is not None or "." not in target.host)):
        raise ValueError(f"{text[:120]!r}: a host is a name, an address, or '*.example.com'")
    wrong = path_problem(f"{slash}{path}" if slash else WHOLE)
    if wrong:
        raise ValueError(f"{text[:120]!r}: {wrong}")
    return HttpRule(target.scheme, host, target.port, named, f"{slash}{path}" if slash else WHOLE)


def shared(first: Iterable[HttpRule], second: Sequence[HttpRule]) -> tuple[HttpRule, ...]:
    """Return what both lists allow, each rule once."""
    met = (one.meets(other) for one in first for other in second)
    return tuple(dict.fromkeys(rule for rule in met if rule is not None))


def within(rules: Iterable[HttpRule], names: Sequence[str]) -> tuple[HttpRule, ...]:
    """Return the part of the rules on hosts a run may reach.

    Args:
        rules: To be narrowed.
        names: Lower case, addresses without brackets; each covers itself and its subdomains, `*` everything.
    """
    if "*" in names:
        return tuple(rules)
    reach = [pattern for name in names for pattern in (name, f"*.{name}")]
    met = ((rule, _met(rule.host, pattern)) for rule in rules for pattern in reach)
    return tuple(dict.fromkeys(replace(rule, host=host) for rule, host in met if host))


def host_covers(pattern: str, host: str) -> bool:
    """Say whether a pattern covers one host, lower case and without trailing dot."""
    return "*" not in host and narrower_host(pattern, host) == host


def _met(host: str, pattern: str) -> str:
    return host if host.strip("[]") == pattern else narrower_host(host, pattern)


def _narrower_path(one: str, other: str) -> str:
    if _path_covers(other, one):
        return one
    return other if _path_covers(one, other) else ""


def _path_covers(wide: str, narrow: str) -> bool:
    if wide.endswith("*"):
        return narrow.startswith(wide[:-1])
    return narrow.startswith(wide) if wide.endswith("/") else wide == narrow
