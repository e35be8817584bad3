"""What the service gives guests: the operator's policy, and the network, kept values and models behind it.

Imported for the first guest that is made, with the engine that runs it.
"""

from __future__ import annotations

import os
from functools import cache

from egress.fetch_door import FetchDoor
from memory.kv import GuestValues
from service.models import Models
from service.settings import Settings
from wasm_agents.agent import Around
from wasm_agents.compiling.compiler import Compiler
from wasm_agents.doors.outside import Outside
from wasm_agents.host import Host


def around_guests(settings: Settings, egress: FetchDoor, values: GuestValues, *, models: Models) -> Around:
    """Return what every guest of this process is given; what of it one may use is granted for each call.

    Args:
        settings: Say what the operator allows.
        egress: The way out.
        values: What guests keep.
        models: Those of the process.
    """
    outside = Outside(fetch=egress, values=values, chats=models.get if models.names() else None)
    cache_folder = settings.guests.cache
    host = None if cache_folder is None else cache(lambda: Host(Compiler(cache_folder)))
    return Around(host=host, operator=settings.guests.policy(os.environ), outside=outside)
