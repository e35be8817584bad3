"""The bytes of an endpoint as they may come: slow, endless, broken, packed, elsewhere."""

from __future__ import annotations

import gzip
import time

import pytest

from contracts.errors import AttemptFailed, CallsheetError, Unavailable
from egress.fetch import Egress
from egress.meter import Meter, set_meter
from providers.chat import Message, Options
from providers.openai_compatible import OpenAICompatible
from providers.way import reply_bytes
from tests.providers.endpoint import HELLO, Parts, delta, head, serving, sse

ASK = (Message("user", "hello"),)


async def ask(url: str, *, timeout_s: float = 20, options: Options | None = None) -> str:
    provider = OpenAICompatible(Egress(), url=url, model="m", timeout_s=timeout_s)
    return (await provider.complete(ASK, max_tokens=9, options=options or Options())).text


async def failure(*answers: Parts, timeout_s: float = 20) -> CallsheetError:
    async with serving(*answers) as endpoint:
        with pytest.raises(CallsheetError) as caught:
            await ask(endpoint.url, timeout_s=timeout_s)
    return caught.value


async def test_a_model_on_loopback_is_reached_by_the_grant_of_its_own_url() -> None:
    async with serving(HELLO) as endpoint:
        assert await ask(endpoint.url) == "Hello"


async def test_a_stream_that_comes_byte_by_byte_is_the_same_stream() -> None:
    body = sse(delta("Grüße"), delta(reason="stop"))
    cut = body.index("ü".encode()) + 1 if "ü".encode() in body else 30
    async with serving([head(), body[:cut], 0.01, body[cut : cut + 1], 0.01, body[cut + 1 :]]) as endpoint:
        assert await ask(endpoint.url) == "Grüße"


async def test_a_packed_stream_is_unpacked_within_its_bounds() -> None:
    packed = gzip.compress(sse(delta("a"), delta(reason="stop")))
    async with serving(head(content_encoding="gzip") + packed) as endpoint:
        assert await ask(endpoint.url) == "a"


async def test_a_packed_stream_that_swells_is_too_large() -> None:
    packed = gzip.compress(b": " + b" " * (reply_bytes(9) + 100_000))
    assert (await failure(head(content_encoding="gzip") + packed)).code == "provider.too_large"


@pytest.mark.parametrize(
    "flood", [b'data: {"choices":[]}\n\n', b": nothing\n", b"data: \n"], ids=["chunks", "comments", "lines"]
)
async def test_a_flood_of_nothing_is_stopped_before_it_costs_much(flood: bytes) -> None:
    begun = time.process_time()
    assert (await failure(head() + flood * (4_000_000 // len(flood)))).code == "provider.too_large"
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("kind", ["text/event-stream", "application/json"])
async def test_a_reply_without_end_is_stopped_at_its_size(kind: str) -> None:
    assert (await failure([head(kind), *[b" " * 1_000_000] * 3])).code == "provider.too_large"


async def test_an_error_answer_without_end_is_stopped_at_its_size() -> None:
    assert (await failure([head(status="500 No"), *[b" " * 1_000_000] * 3])).code == "provider.too_large"


async def test_a_redirect_is_not_followed() -> None:
    async with serving(HELLO) as other:
        error = await failure(
            head(status="307 Go", location=f"{other.url}/chat/completions", content_length="0")
        )
        assert other.asked == []
    assert (error.code, error.data["status"]) == ("provider.http_status", 307)


@pytest.mark.parametrize(
    "answer",
    [
        [30.0],
        [head(), 30.0],
        [head(), sse(delta("a"), done=False), 30.0],
        [head(), *[part for _ in range(300) for part in (sse(delta("a"), done=False), 0.02)]],
        [head(status="500 No", content_length="9"), 30.0],
    ],
    ids=["before", "after the head", "in the middle", "drip", "in an error"],
)
async def test_one_deadline_is_kept_for_all_of_a_call(answer: Parts) -> None:
    begun = time.monotonic()
    error = await failure(answer, timeout_s=0.5)
    assert isinstance(error, Unavailable)
    assert error.code == "provider.timeout"
    assert time.monotonic() - begun < 1.5


async def test_a_caller_may_ask_for_less_time_than_the_endpoint_has() -> None:
    async with serving([30.0]) as endpoint:
        with pytest.raises(CallsheetError) as caught:
            await ask(endpoint.url, options=Options(timeout_s=0.2))
    assert caught.value.code == "provider.timeout"


async def test_silence_after_the_end_was_told_is_no_failure() -> None:
    async with serving([head(), sse(delta("a"), delta(reason="stop"), done=False), 30.0]) as endpoint:
        assert await ask(endpoint.url) == "a"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "provider.unreachable"),
        (b"SSH-2.0-OpenSSH\r\n", "provider.unreachable"),
        (head(content_length="999") + sse(delta("a")), "provider.cut_off"),
        (head(transfer_encoding="chunked") + b"5\r\ndata:", "provider.cut_off"),
        (head(content_encoding="br") + b"x", "provider.cut_off"),
        (head(), "provider.cut_off"),
    ],
)
async def test_a_connection_that_breaks_is_told_by_where_it_broke(answer: bytes, code: str) -> None:
    assert (await failure(answer)).code == code


async def test_nobody_at_the_address_is_told_with_the_next_step() -> None:
    async with serving(HELLO) as endpoint:
        url = endpoint.url
    with pytest.raises(CallsheetError) as caught:
        await ask(url)
    assert caught.value.code == "provider.unreachable"
    assert "--no-model" in caught.value.hint
    assert caught.value.__cause__ is not None


async def test_what_a_model_takes_is_charged_to_the_attempt_that_asks() -> None:
    meter = Meter({"requests": 1, "bytes": 100_000})
    set_meter(meter)
    async with serving(HELLO) as endpoint:
        await ask(endpoint.url)
        assert meter.used()["bytes"] > 200
        with pytest.raises(AttemptFailed) as caught:
            await ask(endpoint.url)
    assert caught.value.code == "budget.requests"


async def test_a_reader_who_leaves_hangs_up() -> None:
    async with serving([head(), sse(delta("a"), done=False), 30.0]) as endpoint:
        stream = OpenAICompatible(Egress(), url=endpoint.url, model="m").stream(ASK, max_tokens=9)
        assert (await anext(stream)).text == "a"
        await stream.aclose()  # type: ignore[attr-defined]  # a generator, as every adapter's
    assert len(endpoint.asked) == 1
