"""How an agent touches the world."""

from __future__ import annotations

from enum import StrEnum


class Effect(StrEnum):
    """What running an agent twice does to the world."""

    PURE = "pure"
    """May be run again freely."""
    IDEMPOTENT = "idempotent"
    """Safe to run again with the same key."""
    EFFECTFUL = "effectful"
    """Never blindly twice."""
