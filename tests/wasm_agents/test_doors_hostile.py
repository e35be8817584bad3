"""Whatever a guest asks, it is answered with an envelope, within bounds, and no defect of ours shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.clock import SystemClock
from contracts.policy import FetchLimits, Policy
from egress.fetch_door import Fetched, Guard
from memory.kv import GuestValues
from storage.database import Database
from tests.wasm_agents.doorway import Chat, Doorway
from wasm_agents.doors.door import OPS
from wasm_agents.doors.outside import Outside
from wasm_agents.grants import Granted, KvRule, LlmRule, SecretRule
from wasm_agents.http_rules import HttpRule
from wasm_agents.recording import Recording

GRANTED = Granted(
    http=(HttpRule("http", "a.example", 80, ("GET", "POST")),),
    kv=(KvRule("notes", "rw", 500),),
    llm=(LlmRule(("default",), 9),),
    secrets=(SecretRule("key", ("a.example",), "Authorization", "Bearer s3cret-token-4711"),),
)
FIELDS = (
    *("url", "method", "headers", "body", "body_base64", "timeout_ms", "namespace", "key", "value", "prefix"),
    *("after", "limit", "model", "messages", "max_tokens", "n"),
)
TEXTS = st.sampled_from(
    [
        "GET",
        "POST",
        "http://a.example/",
        "http://b.example/",
        "http://a.example/%2e%2e/",
        "notes",
        "k",
        "default",
        *["s3cret-token-4711", "\x00", "é\U0001f600", "YQ==", "=", "x" * 300, "\r\nHost: b", ""],
    ]
) | st.text(max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXTS | st.sampled_from(["role", "content", "Accept"]), inner, max_size=3)
    ),
    max_leaves=6,
)
GOOD: dict[str, Any] = {"namespace": "notes", "key": "k", "url": "http://a.example/", "n": 4}


class Parrot:
    """A network that answers with what it was sent, head and all."""

    async def fetch(
        self,
        url: str,
        *,
        policy: Policy,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limits: FetchLimits | None = None,
        guard: Guard | None = None,
    ) -> Fetched:
        """Return one answer."""
        assert guard is not None
        said = json.dumps(
            [url, policy.hosts, headers, limits and limits.redirects, *guard(method, url).items()]
        )
        body = said.encode() + (body or b"")
        return Fetched(url, 200, {"x-said": said}, body, "", None, (url,), len(body))


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    with Database.open(tmp_path / "kv.db") as database:
        values = GuestValues(database, database.reader(), SystemClock())
        yield Outside(fetch=Parrot(), values=values, chats={"default": Chat()}.get)


def fields_of(op: str) -> st.SearchStrategy[dict[str, Any]]:
    wanted = {name: st.just(GOOD[name]) for name in GOOD if _takes(op, name)}
    odd = st.dictionaries(st.sampled_from(FIELDS) | TEXTS, VALUES, max_size=4)
    return st.builds(lambda good, bad: {**good, **bad}, st.fixed_dictionaries({}, optional=wanted), odd)


def _takes(op: str, name: str) -> bool:
    return {"kv": name in {"namespace", "key"}, "http": name == "url", "random": name == "n"}.get(
        op.split(".", maxsplit=1)[0], False
    )


CALLS = st.lists(st.sampled_from(OPS).flatmap(lambda op: st.tuples(st.just(op), fields_of(op))), max_size=4)


@given(calls=CALLS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=120, deadline=None)
def test_every_question_is_answered_and_kept_without_a_secret(
    outside: Outside, calls: list[tuple[str, dict[str, Any]]]
) -> None:
    door = Doorway(GRANTED, outside)
    for op, fields in calls:
        raw = json.dumps(fields).encode()
        answer = json.loads(asyncio.run(door.doors.serve(op, raw)))
        assert len(answer) == 1
        assert answer.get("error", {}).get("code") != "host.internal", answer
        assert "s3cret-token" not in json.dumps(answer) or "s3cret-token" in json.dumps(fields)
    kept = json.dumps([call.as_json() for call in door.recorder.calls])
    assert "s3cret-token" not in kept
    assert len(door.recorder.calls) == len(calls) == door.doors.spent()["host_calls"]


@given(
    raw=st.binary(max_size=40)
    | st.sampled_from([b"[" * 100_000, b'{"n":' + b"9" * 5_000 + b"}", b"\xef\xbb\xbf{}"])
)
@settings(max_examples=200, deadline=None)
def test_bytes_that_are_no_question_are_refused(raw: bytes) -> None:
    answer = json.loads(asyncio.run(Doorway().doors.serve("random.bytes", raw)))
    assert answer["error"]["code"] == "capability.bad_input" or b'"n"' in raw


def test_a_recording_of_all_that_is_read_back(outside: Outside) -> None:
    door = Doorway(GRANTED, outside)
    asyncio.run(door.ask("kv.put", namespace="notes", key="k", value="\x00\x1f\u2028"))
    asyncio.run(door.doors.serve("http.request", b"\xff\xfe"))
    made = Recording.of(
        b"{}", None, recorder=door.recorder, digest="0" * 64, abi="agent/1", limits=GRANTED.limits, seed="",
        clock_us=0, code="guest.trap", fuel=1,
    )  # fmt: skip
    assert Recording.read(json.loads(json.dumps(made.as_json()))) == made


def test_a_secret_that_a_guest_keeps_for_itself_is_not_recorded(outside: Outside) -> None:
    door = Doorway(GRANTED, outside)
    asyncio.run(door.ask("kv.put", namespace="notes", key="k", value="s3cret-token-4711"))
    fresh = Doorway(GRANTED, outside)
    asyncio.run(fresh.ask("kv.get", namespace="notes", key="k"))
    asyncio.run(fresh.ask("s3cret-token-4711"))
    assert fresh.recorder.is_redacted
    assert "s3cret" not in json.dumps([call.as_json() for call in fresh.recorder.calls])
