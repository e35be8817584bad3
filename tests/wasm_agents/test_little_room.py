"""The engines come up in whatever room a process is given, with fewer slots or none."""

import subprocess
import sys

import pytest

_SCRIPT = """
import resource
resource.setrlimit(resource.{which}, ({most}, {most}))
from wasmtime import wat2wasm
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits
guest = wat2wasm('(module (memory (export "memory") 1) (func (export "alloc") (param i32) (result i32) (i32.const 8))'
    '(func (export "dealloc") (param i32 i32))'
    '(func (export "execute") (param i32 i32) (result i64) (i64.const 34359738373)))')
host = Host()
print(host.backend, host.load(bytes(guest), GuestLimits()).call(b"guest", 10).output)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux's")
@pytest.mark.parametrize("which", ["RLIMIT_AS", "RLIMIT_DATA"])
@pytest.mark.parametrize("most", [8 * 1024**3, 100 * 1024**3])
def test_a_process_with_little_room_runs_guests_all_the_same(which: str, most: int) -> None:
    script = _SCRIPT.format(which=which, most=most)

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, text=True)

    assert (ended.returncode, ended.stdout) == (0, "direct b'guest'\n"), ended.stderr[-500:]
