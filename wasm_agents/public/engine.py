"""Engines of the same profiles as `capi/config.py`, as far as public settings reach, and what ends a call in one.

No public call asks a guest's watch at a tick. So each call has an engine to
itself while it runs: moving that engine's epoch on stops that call and no
other. One thread looks at the watches of all calls under way.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Final

from wasmtime import Config, Engine

from wasm_agents.capi.config import STACK_BYTES, Profile, switches
from wasm_agents.watch import TICK_S, Watch


def new_engine(profile: Profile) -> Engine:
    """Return an engine that loads what was compiled for `profile`.

    Args:
        profile: `public` or `component`.
    """
    config = Config()
    for name, is_on in switches(profile).items():
        # Compiled code says which of the others it needs, and it needs none: they were off.
        if hasattr(Config, name):
            setattr(config, name, is_on)
    config.max_wasm_stack = STACK_BYTES
    return Engine(config)


class Stopper:
    """One thread that ends calls whose watch says so; it sleeps while none runs."""

    def __init__(self) -> None:
        self.begin_again()

    def begin_again(self) -> None:
        """Forget the thread, in a child that was forked: it has none of its parent's, nor its calls."""
        # Guards _running. Held while an epoch is moved on: a call that has left is never stopped.
        self._changed = threading.Condition()
        self._running: dict[int, tuple[Watch, Engine]] = {}
        self._thread: threading.Thread | None = None

    def enter(self, watch: Watch, engine: Engine) -> None:
        """Say that a guest is about to run in this engine, alone."""
        with self._changed:
            self._running[watch.number] = watch, engine
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="wasm-stopper", daemon=True)
                self._thread.start()
            self._changed.notify()

    def leave(self, watch: Watch) -> None:
        """Say that it has ended: its engine may serve another call."""
        with self._changed:
            del self._running[watch.number]

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._running:
                    self._changed.wait()
                now = time.monotonic()
                for watch, engine in self._running.values():
                    if now >= watch.deadline and not watch.stop:
                        watch.stop = "deadline"
                    if watch.stop:
                        engine.increment_epoch()
            time.sleep(TICK_S)


stopper: Final = Stopper()
"""The one of this process."""
os.register_at_fork(after_in_child=stopper.begin_again)
