"""What the service gives guests: the operator's policy, and the network, kept values and models behind it.

Imported for the first guest that is made, with the engine that runs it.
"""

from __future__ import annotations

import os
from functools import cache

from egress.fetch_door import FetchDoor
from memory.kv import GuestValues
from providers.chat import ChatProvider
from providers.openai_compatible import OpenAICompatible
from service.settings import ModelSettings, Settings
from wasm_agents.agent import Around
from wasm_agents.compiling.compiler import Compiler
from wasm_agents.doors.outside import Chats, Outside
from wasm_agents.host import Host

DEFAULT_MODEL = "default"
"""What a manifest calls the model that the settings name."""


def around_guests(settings: Settings, egress: FetchDoor, values: GuestValues) -> Around:
    """Return what every guest of this process is given; what of it one may use is granted for each call.

    Args:
        settings: Say what the operator allows.
        egress: The way out.
        values: What guests keep.
    """
    chats = _chats(settings.model, egress) if settings.model.url is not None else None
    outside = Outside(fetch=egress, values=values, chats=chats)
    cache_folder = settings.guests.cache
    host = None if cache_folder is None else cache(lambda: Host(Compiler(cache_folder)))
    return Around(host=host, operator=settings.guests.policy(os.environ), outside=outside)


def _chats(model: ModelSettings, egress: FetchDoor) -> Chats:
    @cache  # asked for granted names alone, which are few
    def chat_of(name: str) -> ChatProvider | None:
        asked = model.name or DEFAULT_MODEL if name == DEFAULT_MODEL else name
        return OpenAICompatible(egress, url=model.url or "", model=asked, api_key=model.api_key)

    return chat_of
