"""The vision agent at its door: what it takes, what it refuses, what it says of failures."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from PIL import Image

from agents.vision.agent import CARD, VisionAgent
from agents.vision.inputs import VisionInputs
from agents.vision.sources import MAX_BYTES
from contracts.agent import AgentCall, AgentReply
from contracts.errors import AttemptFailed, CallsheetError, InvalidInput, Refused
from contracts.policy import Grant, Policy
from contracts.trace import TraceStatus
from egress.fetch import Egress
from examples.auction.scenes import PHOTOS
from tests.threaded_server import answering, send

COFFEE = (PHOTOS / "coffee.jpg").read_bytes()


def data_uri(data: bytes, kind: str = "image/jpeg") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def folder_policy(folder: Path) -> Policy:
    return Policy(grants=(Grant(kind="folder", value=str(folder), by="test"),))


@pytest.fixture
async def agent() -> AsyncIterator[VisionAgent]:
    async with Egress() as egress:
        yield VisionAgent(egress)


@pytest.fixture
def web() -> Iterator[tuple[str, Policy]]:
    def answer(asking: BaseHTTPRequestHandler) -> None:
        status, body = {
            "/coffee.jpg": (200, COFFEE),
            "/page": (200, b"<!DOCTYPE html><p>hello"),
            "/busy": (503, b"later"),
            "/huge": (200, b"\xff" * (MAX_BYTES + 1)),
        }.get(asking.path, (404, b"no"))
        send(asking, body, status=status)

    with answering(answer) as url:
        grant = Grant(kind="private_host", value=url.removeprefix("http://"), by="test")
        yield url, Policy(grants=(grant,))


async def run(agent: VisionAgent, inputs: dict[str, Any], policy: Policy | None = None) -> AgentReply:
    return await agent.run(
        AgentCall(inputs, "look", datetime(2026, 1, 1, tzinfo=UTC), 60.0, policy or Policy())
    )


async def failure(agent: VisionAgent, inputs: dict[str, Any], policy: Policy | None = None) -> CallsheetError:
    with pytest.raises(CallsheetError) as caught:
        await run(agent, inputs, policy)
    assert len(caught.value.message) < 1_000
    return caught.value


def test_the_card_takes_what_the_model_reads() -> None:
    document = json.loads(CARD.read_text(encoding="utf-8"))
    if os.environ.get("UPDATE_CARDS"):
        CARD.write_text(json.dumps(document | {"takes": VisionInputs.model_json_schema()}, indent=2) + "\n")
    assert document["takes"] == VisionInputs.model_json_schema()


async def test_outputs_are_what_the_card_says_it_gives(agent: VisionAgent) -> None:
    found = await run(agent, {"images": [data_uri(COFFEE), data_uri(b"no")], "ref": {"lot": 1}})
    twins = await run(agent, {"op": "duplicates", "items": [found.output, found.output, None]})
    for reply in (found, twins):
        jsonschema_rs.validate(dict(agent.card.gives), reply.output)
    assert isinstance(twins.output, dict)
    assert twins.output["items"] == [
        {"item": 0, "reused": True, "reused_with": [1]},
        {"item": 1, "reused": True, "reused_with": [0]},
        {"item": 2, "reused": False, "reused_with": []},
    ]


async def test_a_given_colour_comes_before_one_in_the_text(agent: VisionAgent) -> None:
    inputs = {"images": [data_uri(COFFEE)], "text": "Finished in blue.", "stated_colour": "Dark Red"}
    output: Any = (await run(agent, inputs)).output
    assert (output["stated_colour"], output["seen_colour"], output["colour_matches"]) == ("red", "red", True)


async def test_a_colour_in_the_text_is_compared_with_the_photo(agent: VisionAgent) -> None:
    output: Any = (await run(agent, {"images": [data_uri(COFFEE)], "text": "Finished in blue."})).output
    assert (output["stated_colour"], output["colour_matches"]) == ("blue", False)


async def test_a_colour_without_plain_name_is_kept_and_never_judged(agent: VisionAgent) -> None:
    output: Any = (await run(agent, {"images": [data_uri(COFFEE)], "stated_colour": "See photos"})).output
    assert (output["stated_colour"], output["colour_matches"]) == ("see photos", None)


async def test_a_listing_without_photos_is_no_failure(agent: VisionAgent) -> None:
    reply = await run(agent, {"images": [], "text": None, "ref": 5})
    assert reply.output == {
        "ref": 5, "images": [], "stated_colour": None, "seen_colour": None, "colour_matches": None, "blurred": False,
    }  # fmt: skip


async def test_one_bad_image_of_two_is_a_partial_success(agent: VisionAgent, web: tuple[str, Policy]) -> None:
    url, policy = web
    reply = await run(
        agent, {"images": [f"{url}/coffee.jpg", {"url": f"{url}/gone.jpg", "alt": "x"}]}, policy
    )
    output: Any = reply.output
    assert (reply.status, reply.score) == (TraceStatus.PARTIAL_SUCCESS, 0.5)
    assert [image["error"] and image["error"]["code"] for image in output["images"]] == [
        None,
        "vision.http_status",
    ]
    assert reply.usage == {"images": 1, "bytes": len(COFFEE)}
    assert output["images"][1]["phash"] is None


@pytest.mark.parametrize(
    ("path", "code", "retryable"),
    [("/page", "vision.not_an_image", False), ("/gone", "vision.http_status", False),
     ("/busy", "vision.http_status", True), ("/huge", "egress.too_large", False)],
)  # fmt: skip
async def test_an_attempt_fails_as_its_first_image_did(
    agent: VisionAgent,
    web: tuple[str, Policy],
    path: str,
    code: str,
    retryable: object,
) -> None:
    error = await failure(agent, {"images": [f"{web[0]}{path}"]}, web[1])
    assert isinstance(error, AttemptFailed)
    assert (error.code, error.retryable) == (code, retryable)


async def test_an_image_on_a_private_address_is_refused(agent: VisionAgent) -> None:
    error = await failure(agent, {"images": ["http://127.0.0.1:9/x.jpg"]})
    assert isinstance(error, Refused)
    assert error.code.startswith("egress.")


@pytest.mark.parametrize(
    ("uri", "code"),
    [("data:image/png;base64,@@@@", "vision.bad_data_uri"), ("data:image/png", "vision.bad_data_uri"),
     ("data:,hello", "vision.not_an_image"), ("ftp://example.com/x.png", "vision.bad_source"),
     ("javascript:alert(1)", "vision.bad_source"), ("file:///etc/passwd", "vision.bad_source"),
     ("DATA:;base64," + "A" * (MAX_BYTES // 3 * 4 + 64), "vision.too_many_bytes")],
    ids=lambda text: text[:20],
)  # fmt: skip
async def test_a_source_that_cannot_be_read_says_why(agent: VisionAgent, uri: str, code: str) -> None:
    assert (await failure(agent, {"images": [uri]})).code == code


async def test_a_percent_encoded_data_uri_is_an_image_too(agent: VisionAgent) -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "GIF")
    uri = "data:image/gif," + "".join(f"%{byte:02x}" for byte in out.getvalue())
    output: Any = (await run(agent, {"images": [uri]})).output
    assert output["images"][0]["format"] == "GIF"


async def test_a_long_data_uri_is_not_repeated_in_the_output(agent: VisionAgent) -> None:
    output: Any = (await run(agent, {"images": [data_uri(COFFEE)]})).output
    assert len(output["images"][0]["url"]) < 200


async def test_a_photo_in_a_granted_folder_is_read(agent: VisionAgent, tmp_path: Path) -> None:
    (tmp_path / "a b.jpg").write_bytes(COFFEE)
    for source in ("a b.jpg", str(tmp_path / "a b.jpg")):
        reply = await run(agent, {"images": [source]}, folder_policy(tmp_path))
        assert reply.status is TraceStatus.SUCCESS


async def test_a_photo_outside_every_granted_folder_is_refused(agent: VisionAgent, tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "out.jpg").write_bytes(COFFEE)
    (inside / "link.jpg").symlink_to(tmp_path / "out.jpg")
    (inside / "loop").symlink_to(inside / "loop")
    sources = [
        str(tmp_path / "out.jpg"),
        "../out.jpg",
        "link.jpg",
        "in/../../out.jpg",
        "/etc/passwd",
        ".",
        "a\0b",
    ]
    for source in sources:
        error = await failure(agent, {"images": [source]}, folder_policy(inside))
        assert isinstance(error, Refused)
        assert error.code == "vision.path_not_granted"
    assert (await failure(agent, {"images": ["out.jpg"]})).code == "vision.path_not_granted"


async def test_a_pipe_or_folder_is_no_photo_and_never_waited_for(agent: VisionAgent, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with (tmp_path / "large").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    found = [
        await failure(agent, {"images": [n]}, folder_policy(tmp_path))
        for n in ("pipe", "folder", "none", "large")
    ]
    assert [error.code for error in found] == ["vision.no_such_file"] * 3 + ["vision.too_many_bytes"]


@pytest.mark.parametrize(
    ("inputs", "where"),
    [({}, "inputs"), ({"images": "x.jpg"}, "images"), ({"images": [3]}, "images/0"), ({"images": [""]}, "images/0"),
     ({"images": ["x"] * 65}, "images"), ({"op": "paint", "images": []}, "op"), ({"images": [], "shade": 1}, "shade"),
     ({"op": "duplicates"}, "inputs"), ({"op": "duplicates", "items": [], "images": []}, "inputs"),
     ({"images": [], "items": []}, "inputs"), ({"images": [{"alt": "no url"}]}, "images/0"),
     ({"images": [], "stated_colour": 5}, "stated_colour"), ({"op": "duplicates", "items": [1]}, "items/0")],
)  # fmt: skip
async def test_a_bad_input_is_named_with_its_field(
    agent: VisionAgent, inputs: dict[str, Any], where: str
) -> None:
    error = await failure(agent, inputs)
    assert isinstance(error, InvalidInput)
    assert error.code == "vision.bad_input"
    assert error.where.startswith(where)
