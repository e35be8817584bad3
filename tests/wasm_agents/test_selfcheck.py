"""What the wheel must be for its C API to be called directly, and that guests run where it is not."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from wasm_agents.capi import library as c
from wasm_agents.catalogue import guest_cards, module_path
from wasm_agents.host import Host
from wasm_agents.selfcheck import FORCE, Wheel, check, wheel_at_hand, why_not

ECHO = next(module_path(card) for card in guest_cards() if card.name == "wasm:echo")
AT_HAND = wheel_at_hand()
OTHERS = {
    "release": (replace(AT_HAND, release="49.0.0"), "is not release 50"),
    "next release": (replace(AT_HAND, release="500.0.1"), "is not release 50"),
    "symbol": (replace(AT_HAND, missing=["wasmtime_func_call_unchecked"]), "has no wasmtime_func_call_unch"),
    "many symbols": (replace(AT_HAND, missing=[f"f{n}" for n in range(300)]), "has no f0, f1, f2, f3, f4"),
    "size": (replace(AT_HAND, sizes={**AT_HAND.sizes, "Extern": 24}), "Extern has another size"),
    "structure": (replace(AT_HAND, sizes={}), "has another size"),
}
RUN_ECHO = """
import asyncio, json, sys
from pathlib import Path
from wasm_agents.host import Host
from wasm_agents.selfcheck import why_not
from wasm_agents.limits import GuestLimits
host = Host()
guest = host.load(Path(sys.argv[1]), GuestLimits())
outputs = [guest.call(b"{}", 5).output, asyncio.run(guest.call_async(b"{}", 5)).output]
print(json.dumps([host.backend, why_not(), [text.decode() for text in outputs]]))
"""


def test_the_wheel_at_hand_is_called_directly() -> None:
    assert check(AT_HAND) == ""
    assert AT_HAND.missing == []
    assert AT_HAND.release.partition(".")[0] in c.PINNED


@pytest.mark.parametrize(("wheel", "says"), OTHERS.values(), ids=OTHERS.keys())
def test_another_wheel_is_not_called_directly_and_says_why(wheel: Wheel, says: str) -> None:
    reason = check(wheel)
    assert says in reason
    assert reason.startswith(f"wasmtime {wheel.release}")
    assert len(reason) < 300


def test_a_host_takes_the_backend_that_the_check_finds() -> None:
    host = Host()
    assert host.backend == ("public" if why_not() else "direct")
    host.close()


def _run_echo(**env: str) -> tuple[str, str, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", RUN_ECHO, str(ECHO)], env={**os.environ, **env},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    backend, reason, outputs = json.loads(done.stdout)
    return backend, reason, outputs


def test_guests_run_beside_a_wheel_of_another_release(tmp_path: Path) -> None:
    record = tmp_path / "wasmtime-49.0.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: wasmtime\nVersion: 49.0.0\n")
    backend, reason, outputs = _run_echo(PYTHONPATH=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    assert (backend, reason) == ("public", "wasmtime 49.0.0 is not release 50")
    assert outputs == ['{"ok":{}}'] * 2


def test_a_variable_does_without_the_direct_calls(tmp_path: Path) -> None:
    backend, reason, outputs = _run_echo(**{FORCE: "public", "XDG_CACHE_HOME": str(tmp_path)})
    assert (backend, reason) == ("public", f"{FORCE} says public")
    assert outputs == ['{"ok":{}}'] * 2
