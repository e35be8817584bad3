"""Hold one model, in a process that does nothing else and may be killed.

The order is one line of JSON on standard input; the answer, one line on
standard output, says where the server listens. It ends when its standard
input does, so it never outlives who started it. Nothing here but the standard
library and the runtime: it runs without the package around it.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from importlib import import_module
from typing import Any, Final

DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG of linux/prctl.h
SIGKILL: Final = 9
MAX_ORDER: Final = 64 * 1024
MAX_SAID: Final = 500


def open_server(order: dict[str, Any]) -> Any:
    """Return a running server; it listens on loopback until it is let go.

    Args:
        order: `path`, `name`, `ctx` (tokens of each slot), `slots`, `threads`, `threads_batch`,
            `port`, `key`, `states` (a folder).

    Raises:
        RuntimeError: The model cannot be loaded.
    """
    runtime = import_module("xllamacpp")
    wanted = runtime.CommonParams()
    wanted.model.path, wanted.model_alias = order["path"], {order["name"]}
    # Each slot has its own part of the context, so no conversation takes what another keeps.
    wanted.n_parallel, wanted.kv_unified = order["slots"], False
    wanted.n_ctx = order["ctx"] * order["slots"]
    wanted.cpuparams.n_threads = order["threads"]
    wanted.cpuparams_batch.n_threads = order["threads_batch"]
    wanted.hostnames, wanted.port, wanted.api_keys = ["127.0.0.1"], order["port"], [order["key"]]
    wanted.slot_save_path = order["states"].rstrip("/") + "/"
    wanted.cache_ram_mib, wanted.n_ctx_checkpoints = 0, 0  # else it grows by gigabytes
    wanted.n_gpu_layers, wanted.fit_params, wanted.warmup = 0, False, True
    # On a processor a short question is read a sixth sooner without it.
    wanted.flash_attn_type = runtime.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    wanted.ui, wanted.offline, wanted.cors_origins = False, True, ""
    wanted.endpoint_slots = True  # the prefix is saved and restored through it
    wanted.verbosity = 0
    return runtime.Server(wanted)


def main() -> None:
    """Read the order, answer, and stay until standard input ends."""
    sys.path.append(sys.argv[1])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, SIGKILL, 0, 0, 0)
    os.umask(0o077)  # what it saves is its owner's alone
    answers = os.dup(1)
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    order = json.loads(sys.stdin.buffer.readline(MAX_ORDER))
    began = time.monotonic()
    try:
        server = open_server(order)
    except Exception as exc:  # noqa: BLE001  # the border: whatever the runtime says becomes the answer
        _say(answers, {"error": f"{type(exc).__name__}: {exc}"[:MAX_SAID]})
        os._exit(1)
    _say(answers, {"address": server.listening_address, "load_ms": (time.monotonic() - began) * 1000})
    sys.stdin.buffer.read()
    os._exit(0)  # nothing here is worth an orderly end


def _say(answers: int, said: dict[str, Any]) -> None:
    os.write(answers, json.dumps(said).encode() + b"\n")


if __name__ == "__main__":
    main()
