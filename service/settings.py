"""What the operator decides: flags, then the environment, then `callsheet.toml`, then these defaults.

An environment variable is named `CALLSHEET_GROUP__FIELD`; a list in one is
JSON or separated by commas. Grants (`egress`) and keys stand here and nowhere
else: no objective, page or model can add one.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)
from typing_extensions import override

from contracts.errors import InvalidInput
from contracts.policy import FetchLimits, Grant
from egress.turns import PER_HOST
from service.model_choice import chosen_settings
from service.settings_chat import ChatSettings
from service.settings_embedded import EmbeddedSettings
from service.settings_fields import Group, HostPorts, Names
from service.settings_guests import GuestSettings
from service.settings_models import DEFAULT, ModelSettings, NamedModels, check_chains

PREFIX: Final = "CALLSHEET_"
SETTINGS_FILE: Final = Path("callsheet.toml")
MIN_KEY_LENGTH: Final = 16


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError("not an IANA time zone such as 'Europe/Berlin'") from exc
    return name


class ServerSettings(Group):
    """Where the API and the dashboard listen, and who may talk to them."""

    host: Annotated[str, Field(min_length=1, max_length=255)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8765
    """0 takes a free one."""
    api_key: Annotated[SecretStr, Field(min_length=MIN_KEY_LENGTH, max_length=1024)] | None = None
    """Asked of every request; a must beyond loopback."""
    allowed_hosts: Names = ()
    """More names this server answers to (`name` or `name:port`), as a proxy in front of it is called."""
    wait_s_max: Annotated[float, Field(ge=0, le=600)] = 60
    """The most a `Prefer: wait=` is granted."""
    head_timeout_s: Annotated[float, Field(gt=0)] = 10
    """For a request line and its headers to arrive."""
    body_bytes: Annotated[int, Field(gt=0)] = 2_000_000
    """The most one request may send."""
    body_timeout_s: Annotated[float, Field(gt=0)] = 15
    """For the whole of it to arrive."""
    connections: Annotated[int, Field(ge=16, le=65_536)] = 2048
    """At once; one more is answered 503."""
    streams: Annotated[int, Field(ge=0, le=65_536)] = 1500
    """Of events, at once; one more is answered 503."""


class StorageSettings(Group):
    """Where runs and traces are kept."""

    path: Path = Path(".callsheet/callsheet.db")


class TraceSettings(Group):
    """The JSON files beside the database."""

    folder: Path = Path("traces/runs")
    files: Literal["all", "off"] = "all"


class RunSettings(Group):
    """How runs go."""

    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    """Attempts at once."""
    home_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    """IANA name for times that name no zone."""
    timeout_s: Annotated[float, Field(gt=0)] = 3600
    """For one run."""
    queue: Annotated[int, Field(ge=1, le=1_000_000)] = 2000
    """Runs under way or waiting, at most; those that wait for a person or a time do not count."""
    active: Annotated[int, Field(ge=1, le=10_000)] = 256
    """Runs under way at once, at most."""
    per_agent: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict, max_length=100)
    """Agent -> its attempts at once, where fewer than `concurrency` are good for it."""


class EgressSettings(Group):
    """What runs may reach beyond the public hosts their objectives name."""

    allow_private: HostPorts = ()
    """`host:port` on private or loopback addresses."""
    allow_hosts: Names = ()
    """Public host names, or `*`."""
    folders: Names = ()
    """Folders agents may read."""
    per_host: Annotated[int, Field(ge=1, le=64)] = PER_HOST
    """Requests to one host at once, over all runs."""
    limits: FetchLimits = FetchLimits()

    def grants(self, *, by: str = "settings") -> tuple[Grant, ...]:
        """Return the same as grants, for a run's policy."""
        private = [Grant(kind="private_host", value=v, by=by) for v in self.allow_private]
        hosts = [Grant(kind="host", value=v, by=by) for v in self.allow_hosts]
        return (*private, *hosts, *(Grant(kind="folder", value=v, by=by) for v in self.folders))


class LogSettings(Group):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    access: Literal["on", "off"] = "off"
    """Whether every request gets a line; one that failed gets it in any case."""


class _ChosenModel(PydanticBaseSettingsSource):
    """What `callsheet models use` chose, where nothing above names a model."""

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        return chosen_settings(self.current_state)


class Settings(BaseSettings):
    """Everything the operator can set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        toml_file=SETTINGS_FILE,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    server: ServerSettings = ServerSettings()
    storage: StorageSettings = StorageSettings()
    traces: TraceSettings = TraceSettings()
    run: RunSettings = RunSettings()
    egress: EgressSettings = EgressSettings()
    model: ModelSettings = ModelSettings()
    models: NamedModels = Field(default_factory=dict, validate_default=True)
    """Further models, by name."""
    embedded: EmbeddedSettings = EmbeddedSettings()
    guests: GuestSettings = GuestSettings()
    chat: ChatSettings = ChatSettings()
    log: LogSettings = LogSettings()

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # pydantic-settings passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Say who wins: flags, the environment, the file, the choice of `callsheet models use`."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls), _ChosenModel(settings_cls)

    @field_validator("models")
    @classmethod
    def _chains_lead_somewhere(
        cls, models: dict[str, ModelSettings], info: ValidationInfo
    ) -> dict[str, ModelSettings]:
        if isinstance(default := info.data.get("model"), ModelSettings):
            check_chains(default, models)
        return models

    def named_models(self) -> dict[str, ModelSettings]:
        """Return what is set for every model, the default one's among them, by name."""
        return {DEFAULT: self.model, **self.models}

    def secrets(self) -> tuple[str, ...]:
        """Return every value that must never be written or shown."""
        keys = (self.server.api_key, *(model.api_key for model in self.named_models().values()))
        own = [key.get_secret_value() for key in keys if key is not None]
        guests = [os.environ.get(secret.variable, "") for secret in self.guests.secrets.values()]
        return tuple(value for value in (*own, *guests) if value)


def load_settings(flags: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """Return the settings in force in the current folder.

    Args:
        flags: Group -> field -> value, for the flags that were given.

    Raises:
        InvalidInput: `settings.invalid`, with the field and where it was set.
    """
    given: dict[str, Any] = {group: dict(fields) for group, fields in (flags or {}).items() if fields}
    try:
        return Settings(**given)
    except ValidationError as exc:
        raise _invalid(exc, given) from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise InvalidInput(
            "settings.invalid", f"{SETTINGS_FILE} is no TOML: {exc}", where=str(SETTINGS_FILE)
        ) from exc
    except (SettingsError, OSError) as exc:
        raise InvalidInput("settings.invalid", f"the settings cannot be read: {exc}") from exc


def _invalid(error: ValidationError, flags: Mapping[str, Mapping[str, Any]]) -> InvalidInput:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [
        {
            "field": ".".join(map(str, e["loc"])),
            "message": e["msg"].removeprefix("Value error, "),
            "source": _source(e["loc"], flags),
        }
        for e in found[:50]
    ]
    first = lines[0]
    return InvalidInput(
        "settings.invalid",
        f"{first['field']} ({first['source']}): {first['message']}",
        where=first["source"],
        hint=f"Correct {first['field']} and start again.",
        data={"errors": lines},
    )


def _source(path: Sequence[int | str], flags: Mapping[str, Mapping[str, Any]]) -> str:
    group, field = str(path[0]), str(path[1]) if len(path) > 1 else ""
    if field in flags.get(group, {}):
        return f"--{field.replace('_', '-')}"
    given = {name.lower(): name for name in os.environ}
    names = [f"{PREFIX}{'__'.join(map(str, path[:end]))}".lower() for end in range(len(path), 0, -1)]
    within = (given[name] for name in given if name.startswith(f"{names[0]}__"))
    whole = (given[name] for name in names if name in given)
    return next(chain(whole, within), str(SETTINGS_FILE))
