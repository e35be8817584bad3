"""Where embedded models lie, and how they are run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field

from providers.embedded.folder import ModelFolder
from providers.embedded.shelf import HUB
from service.model_choice import data_folder
from service.settings_fields import Group


class EmbeddedSettings(Group):
    """Where embedded models lie, and how they are run; `model.threads` and `model.num_ctx` are each model's own."""

    folder: Path | None = None
    """Of the models, readable by nobody else; the user's data folder when absent."""
    hub: Annotated[str, Field(pattern=r"^https?://[^\s@]+$", max_length=2000)] = HUB
    """Where `models pull` gets what is published on a hub: the publisher's, or a mirror of it."""
    threads_batch: Annotated[int, Field(ge=1, le=256)] = 2
    """For reading what is asked; `model.threads` is for writing, 1 unless set."""
    slots: Annotated[int, Field(ge=1, le=32)] = 2
    """Conversations at once; the first is kept for plans."""
    idle_s: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 900.0
    """Without a call, after which its process ends; the next call starts it."""

    def models(self) -> ModelFolder:
        """Return the folder of models."""
        return ModelFolder(self.folder or data_folder(os.environ))
