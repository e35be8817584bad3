"""The models of a process, made as its settings say."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from pathlib import Path

from contracts.clock import Clock
from egress.fetch_door import OpenEgress
from providers.chain import OnPassedOver
from providers.metered import Observe
from service.models import Models
from service.models_adapters import Where
from service.settings import Settings


def models_of(
    settings: Settings,
    door: OpenEgress,
    *,
    clock: Clock,
    where: Where = "apart",
    observe: Observe | None = None,
    on_passed_over: OnPassedOver | None = None,
) -> Models:
    """Return the models that settings name; see `Models`."""
    return Models(
        settings.named_models(),
        door,
        clock=clock,
        rng=random.Random(os.urandom(16)),  # noqa: S311  # waits need no secrecy
        embedded=settings.embedded,
        where=where,
        forms=forms_file(os.environ),
        observe=observe,
        on_passed_over=on_passed_over,
    )


def forms_file(environment: Mapping[str, str]) -> Path:
    """Return where it is kept which forms endpoints were found to take."""
    given = environment.get("XDG_CACHE_HOME", "")
    # The standard has relative paths ignored.
    base = Path(given) if given.startswith("/") else Path("~/.cache").expanduser()
    return base / "callsheet" / "models" / "forms.json"
