"""Whoever answers what waits: sends signals, approves, refuses, and now and then means another plan."""

from __future__ import annotations

import json
import random
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from contracts.clock import unix_ms
from contracts.journal import Signal
from contracts.run import RunState
from simulation.asking import Asking
from simulation.history import History
from simulation.wish import Wish

if TYPE_CHECKING:
    from simulation.life import Life

PATIENCE_S: Final = 200.0
"""World time after which everything is answered at once, so that everything ends."""
UNHEARD_S: Final = 20.0
"""More than all the others together could hold a signal up."""
FINAL: Final = frozenset(s.value for s in RunState if s.is_final)
WAITS: Final = (
    "SELECT subtask_id, kind, name FROM wait WHERE run_id = ? ORDER BY subtask_id, item_index, kind"
)


class Attendant:
    """Looks after runs that wait.

    Args:
        rng: Draws what is answered.
        history: Where it writes.
    """

    def __init__(self, *, rng: random.Random, history: History) -> None:
        self._rng = rng
        self._history = history
        self._asking = Asking(history)
        self._signals = 0

    async def look_after(self, life: Life, wish: Wish, run_id: str) -> None:
        """See whether a run is over, and answer what it waits for."""
        (row,) = life.query("SELECT state FROM run WHERE run_id = ?", (run_id,)) or [("gone",)]
        if row[0] in FINAL:
            wish.state = row[0]
            self._history.note(life.number, life.world_s, "over", run_id, wish.state)
            return
        is_impatient = life.world_s > PATIENCE_S
        for subtask_id, kind, name in life.query(WAITS, (run_id,)):
            if self._is_on_its_way(life, run_id, [name] if kind == "signal" else ["approve", "reject"]):
                continue
            if kind == "signal" and (is_impatient or self._rng.random() < 0.6):
                await self.signal(life, wish, name)
            elif kind == "approval" and (is_impatient or self._rng.random() < 0.7):
                await self._decide(life, wish, subtask_id, plan_id=name, is_impatient=is_impatient)

    def _is_on_its_way(self, life: Life, run_id: str, names: list[str]) -> bool:
        """Say whether the run was told already and has to be waited for; note one that was told and does not hear."""
        asked = "SELECT signal_id, name, at_ms FROM signal WHERE run_id = ? AND taken = 0 ORDER BY seq"
        lying = [row for row in life.query(asked, (run_id,)) if row[1] in names]
        if not lying:
            return False
        for_s = unix_ms(life.clock.now()) / 1000 - lying[0][2] / 1000
        is_late = min(for_s, life.age_s) > UNHEARD_S
        if is_late and life.world.has_room and not life.world.proof.lives[-1].is_troubled:
            what = f"{lying[0][0]} of {run_id} lies there, and it is waited for"
            self._history.violate("a signal is heard", what)
        return not is_late

    async def _decide(
        self, life: Life, wish: Wish, subtask_id: str, *, plan_id: str, is_impatient: bool
    ) -> None:
        luck = 1.0 if is_impatient else self._rng.random()
        about: dict[str, Any] = {"plan_id": plan_id, "subtask": subtask_id or None}
        if luck < 0.15:
            await self.signal(life, wish, "approve", about | {"plan_id": plan_id[::-1]})
        elif luck < 0.22:
            await self.signal(life, wish, "reject", about)
        else:
            await self.signal(life, wish, "approve", about)

    async def signal(self, life: Life, wish: Wish, name: str, payload: Any = None) -> None:
        """Tell a run something, now and then twice."""
        if wish.run_id is None:
            return
        self._signals += 1
        payload = {"n": self._signals} if payload is None else payload
        signal = Signal(wish.run_id, f"signal-{self._signals}", name, payload, unix_ms(life.clock.now()))
        for _ in range(2 if self._rng.random() < 0.2 else 1):
            asked = self._asking.ask(
                life,
                "signal",
                wish.run_id,
                name=name,
                signal_id=signal.signal_id,
                payload=json.dumps(payload),
            )
            await self._asking.tell(life, asked, partial(life.engine.signal, signal))
