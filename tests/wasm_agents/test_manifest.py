"""The manifest: read twice, refused alike; what its fields mean together."""

from __future__ import annotations

import json
import os
import random
import tomllib
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from contracts.effect import Effect
from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json, parse_json
from tests.wasm_agents.offered import asking, document_text, manifest
from wasm_agents.catalogue import GUESTS, SCHEMA, problems_of, read_document
from wasm_agents.limits import CEILINGS, GuestLimits
from wasm_agents.manifest import Manifest, manifest_schema
from wasm_agents.manifest_capabilities import Limits

PUBLISHED = Path(__file__).parents[2] / "docs/schemas/agent-manifest.schema.json"
FULL = manifest(
    version="1.2.3-rc.1+build.5",
    abi="component",
    words=["one"],
    examples=[{"objective": "do it", "inputs": {"a": 1.5}}],
    effect="effectful",
    uses=["fuel"],
    timeout_s=2.5,
    retries=2,
    capabilities={
        "http": [
            {"host": "api.example.com", "methods": ["GET", "POST"], "path": "/v1/"},
            {"scheme": "http", "host": "*.example.org", "port": 8080, "path": "/a*"},
            {"host": "127.0.0.1"},
            {"host": "[::1]"},
        ],
        "kv": [{"namespace": "notes", "access": "rw", "quota_bytes": 1000}],
        "llm": [{"models": ["default", "org/model:7b"], "max_tokens": 100}],
        "secrets": [{"name": "token", "hosts": ["api.example.com"], "header": "X-Key"}],
        "clock": "real",
        "random": "os",
    },
    limits={name: least for name, (least, _) in CEILINGS.items()},
    instance="pooled",
    isolation="thread",
    signature="",
)
ODD: tuple[Any, ...] = (
    *(None, True, 0, 1, -1, 5.0, 0.5, 2**70, "", "x", "*", "*.com", "a.b", "A.B", "1.2.3", "GET", "get"),
    *("/", "/../x", "/a//b", "/%2e", "pure", "rw", "process", "0" * 64, "é", "a\n", [], ["x"], {}, {"x": 1}),
    *([None], [[]], "component", "Host", "real"),
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every part of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(found for key, part in inner for found in places(part, (*at, key)))]


def mutated(rng: random.Random, times: int) -> dict[str, Any]:
    """Return the full manifest with some parts replaced, dropped, renamed or doubled."""
    found: dict[str, Any] = deepcopy(FULL)
    for _ in range(times):
        *above, key = rng.choice([p for p in places(found) if p])
        holder: Any = found
        for step in above:
            holder = holder[step]
        match rng.randrange(4):
            case 0:
                holder[key] = deepcopy(rng.choice(ODD))
            case 1:
                del holder[key]
            case 2 if isinstance(holder, list):
                holder.append(deepcopy(holder[key]))
            case 2:
                holder[f"{key}_2"] = holder.pop(key)
            case _:
                *_, other = rng.choice(places(found)[1:])
                holder[key] = deepcopy(found.get(other, rng.choice(ODD)))
    return parse_json(canonical_json(found))  # type: ignore[return-value]  # it went in as an object


def is_read(document: dict[str, Any]) -> bool:
    try:
        Manifest.read(document)
    except InvalidInput:
        return False
    return True


def test_the_published_schema_is_the_models_own_in_both_places() -> None:
    text = json.dumps(manifest_schema(), indent=1, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_SCHEMAS"):
        for path in (PUBLISHED, SCHEMA):
            path.write_text(text)
    assert PUBLISHED.read_text() == SCHEMA.read_text() == text, "run: make schemas"
    jsonschema.Draft202012Validator.check_schema(manifest_schema())


def test_every_field_of_the_schema_that_needs_words_has_them() -> None:
    fields = manifest_schema()["properties"]
    plain = {"name", "examples", "capabilities", "limits"}
    assert [
        n for n, f in fields.items() if "description" not in f and "$ref" not in f and n not in plain
    ] == []


def test_a_limit_left_out_of_a_manifest_is_the_hosts_own_default() -> None:
    assert Limits().model_dump() == asdict(GuestLimits())
    assert set(CEILINGS) == set(asdict(GuestLimits()))


def test_a_full_manifest_is_read_by_both() -> None:
    assert list(problems_of(FULL)) == []
    assert Manifest.read(FULL).model_dump(mode="json", exclude_unset=True) == FULL


@pytest.mark.parametrize("path", sorted(GUESTS.glob("*/agent.toml")), ids=lambda p: p.parent.name)
def test_the_projects_own_manifests_are_read_by_both(path: Path) -> None:
    document = read_document(path)
    assert list(problems_of(document)) == []
    assert Manifest.read(document).name == path.parent.name


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_what_one_reading_refuses_the_other_refuses_too(seed: int, times: int) -> None:
    document = mutated(random.Random(seed), times)
    problems = list(problems_of(document))
    assert is_read(document) == (problems == []), problems


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"signature": "ed25519:00"}, "/signature"),
        ({"isolation": "process"}, "/isolation"),
        ({"limits": {"fuel": 5.0}}, "/limits/fuel"),
        ({"retries": 1.0}, "/retries"),
        ({"capabilities": {"kv": [{"namespace": "a"}, {"namespace": "a"}]}}, "/capabilities/kv/1/namespace"),
        ({"capabilities": {"http": [{"host": "*"}]}}, "/capabilities/http/0/host"),
        ({"capabilities": {"http": [{"host": "*.com"}]}}, "/capabilities/http/0/host"),
        ({"capabilities": {"http": [{"host": "Example.com"}]}}, "/capabilities/http/0/host"),
        ({"capabilities": {"http": [{"host": "bücher.example"}]}}, "/capabilities/http/0/host"),
        ({"capabilities": {"http": [{"host": "0x7f.1"}]}}, "/capabilities/http/0/host"),
        ({"capabilities": {"http": [{"host": "a.b", "methods": ["get"]}]}}, "/capabilities/http/0/methods/0"),
        ({"capabilities": {"http": [{"host": "a.b", "scheme": "ftp"}]}}, "/capabilities/http/0/scheme"),
        ({"capabilities": {"http": [{"host": "a.b", "path": "/v1/../x"}]}}, "/capabilities/http/0/path"),
        ({"capabilities": {"http": [{"host": "a.b", "path": "/*/x"}]}}, "/capabilities/http/0/path"),
        ({"capabilities": {"http": [{"host": "a.b", "path": "v1"}]}}, "/capabilities/http/0/path"),
        ({"capabilities": {"secrets": [{"name": "k", "hosts": ["a.b"]}]}}, "/capabilities/secrets/0/hosts/0"),
        (
            {"capabilities": {"http": [{"host": "a.b"}], "secrets": [{"name": "k", "hosts": ["a.b"], "header": "Host"}]}},
            "/capabilities/secrets/0/header",
        ),
        ({"effect": "pure", "capabilities": {"kv": [{"namespace": "a", "access": "rw"}]}}, "/effect"),
        ({"effect": "pure", "capabilities": {"http": [{"host": "a.b", "methods": ["POST"]}]}}, "/effect"),
    ],
)  # fmt: skip
def test_fields_that_cannot_be_used_are_named_by_both(more: dict[str, Any], pointer: str) -> None:
    document = manifest(**more)
    assert pointer in [at for at, _ in problems_of(document)]
    with pytest.raises(InvalidInput, match=pointer):
        Manifest.read(document)


def test_what_is_kept_for_later_says_so() -> None:
    said = [
        m for more in ({"signature": "x"}, {"isolation": "process"}) for _, m in problems_of(manifest(**more))
    ]
    assert said == snapshot(
        [
            "signatures are not checked by this version, so none is taken: leave it out",
            "this version runs no guest in a process of its own: leave it out, or say 'thread'",
        ]
    )


@pytest.mark.parametrize(
    ("declared", "capabilities", "effect"),
    [
        (None, {}, Effect.PURE),
        (None, {"kv": [{"namespace": "a"}]}, Effect.PURE),
        (None, {"kv": [{"namespace": "a", "access": "rw"}]}, Effect.EFFECTFUL),
        ("idempotent", {"kv": [{"namespace": "a", "access": "rw"}]}, Effect.EFFECTFUL),
        (None, {"http": [{"host": "a.b", "methods": ["GET", "HEAD", "OPTIONS"]}]}, Effect.PURE),
        (None, {"http": [{"host": "a.b", "methods": ["GET", "POST"]}]}, Effect.EFFECTFUL),
        ("idempotent", {"http": [{"host": "a.b", "methods": ["PUT"]}]}, Effect.IDEMPOTENT),
        ("effectful", {}, Effect.EFFECTFUL),
    ],
)
def test_an_agents_effect_is_at_least_what_its_capabilities_mean(
    declared: str | None, capabilities: dict[str, Any], effect: Effect
) -> None:
    more = {} if declared is None else {"effect": declared}
    document = manifest(capabilities=capabilities, **more)
    assert Manifest.read(document).real_effect is effect
    if declared is None:
        assert asking(**capabilities).effect is effect


def test_an_agent_that_asks_for_the_network_draws_on_its_budgets() -> None:
    assert asking(http=[{"host": "a.b"}]).uses == ("requests", "bytes")
    assert asking().uses == ()


def test_the_tests_own_toml_means_what_its_document_says() -> None:
    assert tomllib.loads(document_text(FULL)) == FULL
