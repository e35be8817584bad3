"""What a guest may do in one call: what its manifest asks, the operator allows, and the run may reach.

Whatever is not allowed by all three is denied. The doors ask here before they
act; egress holds the run's policy against every address once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, TypeVar

from contracts.card import AgentCard
from contracts.errors import Refused
from contracts.policy import Policy
from egress.address import is_public
from egress.target import Target, parse_target
from wasm_agents.http_rules import HttpRule, host_covers, shared, within
from wasm_agents.limits import GuestLimits, granted_limits
from wasm_agents.manifest_checks import is_plain, narrower_host

DENIED: Final = "capability.denied"
"""The code of what a guest is told when it asks for more than was granted."""
ANY: Final = "*"

_Word = TypeVar("_Word", bound=str)


@dataclass(frozen=True, slots=True)
class KvRule:
    """Values a guest may use."""

    namespace: str
    access: Literal["r", "rw"]
    quota_bytes: int


@dataclass(frozen=True, slots=True)
class LlmRule:
    """Models a guest may ask."""

    models: tuple[str, ...]
    max_tokens: int


@dataclass(frozen=True, slots=True)
class SecretRule:
    """A header that egress adds."""

    name: str
    hosts: tuple[str, ...]
    header: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecretSource:
    """A secret as the operator keeps it."""

    hosts: tuple[str, ...]
    """Whom it may be sent to, whatever a manifest asks."""
    value: str = field(repr=False)
    """The header's whole value; empty where its variable is not set."""


@dataclass(frozen=True, slots=True)
class OperatorPolicy:
    """What the operator allows guests; by default nothing."""

    http: tuple[HttpRule, ...] = ()
    kv: Literal["all"] | tuple[str, ...] = ()
    """Namespaces."""
    llm: tuple[str, ...] = ()
    """Models, or `*`."""
    real_clock: bool = False
    os_random: bool = False
    secrets: Mapping[str, SecretSource] = field(default_factory=dict)
    ceilings: Mapping[str, int] = field(default_factory=dict)
    """Limit -> the most that is granted of it."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What one call may do."""

    http: tuple[HttpRule, ...] = ()
    kv: tuple[KvRule, ...] = ()
    llm: tuple[LlmRule, ...] = ()
    secrets: tuple[SecretRule, ...] = ()
    clock: Literal["virtual", "real"] = "virtual"
    random: Literal["seed", "os"] = "seed"
    limits: GuestLimits = field(default_factory=GuestLimits)
    denied: tuple[str, ...] = ()
    """What was asked and not granted, each with the reason."""

    def as_json(self) -> dict[str, Any]:
        """Return it as a trace records it; no secret's value is in it."""
        return {
            "http": [rule.as_json() for rule in self.http],
            "kv": [asdict(rule) for rule in self.kv],
            "llm": [{"models": list(rule.models), "max_tokens": rule.max_tokens} for rule in self.llm],
            "secrets": [{"name": s.name, "hosts": list(s.hosts), "header": s.header} for s in self.secrets],
            "clock": self.clock,
            "random": self.random,
            "limits": asdict(self.limits),
            "denied": list(self.denied),
        }

    def allows_http(self, method: str, url: str) -> str:
        """Return '' when the request is allowed, else the reason; ask again for the target of every redirect."""
        try:
            target = parse_target(url)
        except Refused as exc:
            return exc.message
        found = [rule for rule in self.http if rule.reaches(target)]
        if not found:
            return f"no request to {target.origin[:200]!r} is granted"
        found = [rule for rule in found if method in rule.methods]
        if not found:
            return f"{method[:20]!r} to {target.origin[:200]!r} is not granted"
        path = target.path.partition("?")[0]
        if any(rule.holds_path(path) for rule in found):
            return ""
        why = "is not granted" if is_plain(path) else "can be read in more than one way"
        return f"the path {path[:200]!r} of {target.origin[:200]!r} {why}"

    def headers_for(self, url: str) -> dict[str, str]:
        """Return the secret headers of one allowed request; ask again for the target of every redirect.

        They go over https alone, but for hosts that are private as written.
        """
        try:
            target = parse_target(url)
        except Refused:
            return {}
        if target.scheme != "https" and not _is_private(target):
            return {}
        return {s.header: s.value for s in self.secrets if any(host_covers(h, target.host) for h in s.hosts)}

    def allows_kv(self, namespace: str, *, write: bool) -> str:
        """Return '' when the namespace may be read (or written), else the reason."""
        rule = self.kv_rule(namespace)
        if rule is None:
            return f"no namespace {namespace[:80]!r} is granted"
        return f"{namespace!r} is granted for reading alone" if write and rule.access != "rw" else ""

    def kv_rule(self, namespace: str) -> KvRule | None:
        """Return what is granted of a namespace."""
        return next((rule for rule in self.kv if rule.namespace == namespace), None)

    def allows_llm(self, model: str) -> str:
        """Return '' when the model may be asked, else the reason."""
        return "" if self.max_tokens(model) else f"no model {model[:80]!r} is granted"

    def max_tokens(self, model: str) -> int:
        """Return how long a model's answer may be; 0 when it may not be asked."""
        return max((rule.max_tokens for rule in self.llm if model in rule.models), default=0)


def grant(
    card: AgentCard, *, operator: OperatorPolicy, policy: Policy, allowance: Mapping[str, float]
) -> Granted:
    """Return what one call of a guest may do.

    Args:
        card: Holds what its manifest asks for.
        operator: What the operator allows guests.
        policy: What the run may reach.
        allowance: What is left of the run's budgets: `fuel`, `bytes`.
    """
    asked: Mapping[str, Any] = card.extra.get("capabilities", {})
    denied: list[str] = []
    http = _granted_http(asked.get("http", ()), operator, policy, denied)
    return Granted(
        http=http,
        kv=tuple(_granted_kv(asked.get("kv", ()), operator, denied)),
        llm=tuple(_granted_llm(asked.get("llm", ()), operator, denied)),
        secrets=tuple(_granted_secrets(asked.get("secrets", ()), operator, http, denied)),
        clock=_either(asked.get("clock"), "real", "virtual", allowed=operator.real_clock, denied=denied),
        random=_either(asked.get("random"), "os", "seed", allowed=operator.os_random, denied=denied),
        limits=granted_limits(card.extra.get("limits", {}), ceilings=operator.ceilings, allowance=allowance),
        denied=tuple(denied),
    )


def _granted_http(
    asked: Iterable[Mapping[str, Any]], operator: OperatorPolicy, policy: Policy, denied: list[str]
) -> tuple[HttpRule, ...]:
    found: dict[HttpRule, None] = {}
    for rule in map(HttpRule.of, asked):
        allowed = shared([rule], operator.http)
        reached = within(allowed, policy.names())
        found |= dict.fromkeys(reached)
        if not allowed:
            denied.append(f"http {rule}: the operator's guests.allow_http has no such request")
        elif not reached:
            denied.append(f"http {rule}: the run may not reach that host")
    return tuple(found)


def _granted_kv(
    asked: Iterable[Mapping[str, Any]], operator: OperatorPolicy, denied: list[str]
) -> Iterator[KvRule]:
    for rule in asked:
        if operator.kv == "all" or rule["namespace"] in operator.kv:
            yield KvRule(rule["namespace"], rule.get("access", "r"), rule.get("quota_bytes", 1024 * 1024))
        else:
            denied.append(f"kv {rule['namespace']}: not in the operator's guests.allow_kv")


def _granted_llm(
    asked: Iterable[Mapping[str, Any]], operator: OperatorPolicy, denied: list[str]
) -> Iterator[LlmRule]:
    for rule in asked:
        models = tuple(m for m in rule["models"] if ANY in operator.llm or m in operator.llm)
        if models:
            yield LlmRule(models, rule.get("max_tokens", 1024))
        denied += [
            f"llm {m}: not in the operator's guests.allow_llm" for m in rule["models"] if m not in models
        ]


def _granted_secrets(
    asked: Iterable[Mapping[str, Any]],
    operator: OperatorPolicy,
    http: Iterable[HttpRule],
    denied: list[str],
) -> Iterator[SecretRule]:
    reached = {rule.host for rule in http}
    for secret in asked:
        source = operator.secrets.get(secret["name"])
        if source is None or not source.value:
            why = "no secret of the operator's" if source is None else "its variable is not set"
            denied.append(f"secret {secret['name']}: {why}")
            continue
        both = {narrower_host(a, b) for a in secret["hosts"] for b in source.hosts} - {""}
        hosts = tuple(sorted({narrower_host(a, b) for a in both for b in reached} - {""}))
        if hosts:
            yield SecretRule(secret["name"], hosts, secret.get("header", "Authorization"), source.value)
        else:
            denied.append(f"secret {secret['name']}: none of its hosts is granted")


def _either(asked: str | None, wanted: _Word, otherwise: _Word, *, allowed: bool, denied: list[str]) -> _Word:
    if asked != wanted:
        return otherwise
    if not allowed:
        denied.append(f"{wanted}: the operator does not allow it, so it is {otherwise}")
    return wanted if allowed else otherwise


def _is_private(target: Target) -> bool:
    address = target.address
    return target.is_loopback_name or (address is not None and not is_public(address))
