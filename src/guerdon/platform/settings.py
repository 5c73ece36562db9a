"""Everything the operator may set, read once at start and never changed."""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

ENVIRONMENT_PREFIX = "GUERDON_"


class SettingsInvalid(Exception):
    """A setting is unknown or out of bounds; the message names each one."""


def _networks(text: str) -> str:
    return ",".join(str(ip_network(part.strip())) for part in text.split(",") if part.strip())


class Settings(BaseSettings):
    """Everything the operator may set; the environment names are upper case with the prefix GUERDON_."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, frozen=True, extra="forbid")

    database_url: Annotated[
        SecretStr | None,
        Field(
            validation_alias="DATABASE_URL",
            description="Which PostgreSQL (15 to 18) holds the data; empty: the embedded one under `home`.",
        ),
    ] = None
    home: Path = Field(Path(".guerdon"), description="Folder of the embedded database, keys and sandbox files.")
    secret_key: SecretStr | None = Field(
        None,
        description="Master key (at least 32 characters) that encrypts secrets and protects API keys; empty: "
        "`secret.key` in `home`, made at first start.",
    )
    host: str = Field("127.0.0.1", description="Address that the API listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port that the API listens on; 0 picks a free one.")
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
        description="Address under which phones and browsers reach this, for ever: issued Apple passes ask there for "
        "changes. It must be https, or http on this machine; empty: passes on phones never change by themselves "
        "(`guerdon up --sandbox` takes its own address).",
    )
    api_processes: int = Field(2, ge=1, le=64, description="API processes that `guerdon up` starts.")
    share_cores: bool = Field(
        default=True,
        description="While postings crowd, keep each API process of `guerdon up` and the session of PostgreSQL that "
        "posts for it to a processor core of their own; where both are on this machine, and there are as many API "
        "processes as cores, or more.",
    )
    pool_size: int = Field(
        8,
        ge=2,
        le=100,
        description="Database connections of each process, besides those of the gathered transactions under way.",
    )
    group_commit: bool = Field(default=True, description="Gather concurrent postings into one transaction.")
    group_commit_commands_max: int = Field(64, ge=1, le=1000, description="Postings in one transaction at most.")
    group_commit_linger_ms: int = Field(
        2,
        ge=0,
        le=50,
        description="How long a gathered transaction may wait for callers just answered, where others queue already.",
    )
    group_commit_in_flight: int = Field(1, ge=1, le=8, description="Gathered transactions under way per process.")
    queue_max: int = Field(4096, ge=1, description="Postings that may wait per process before 503 is answered.")
    body_bytes_max: int = Field(
        1_048_576,
        ge=1024,
        description="Largest request body, in bytes. Some routes have bounds of their own instead: PUT "
        "`/config/files/{path}` 5 MiB, `/passes/privileges/bulk-movements` 8 MiB, `/config/push` and "
        "`/config/validate` 32 MiB, files of imports and campaigns 100 MiB.",
    )
    campaign_passes_per_s: int = Field(
        100_000, ge=1, le=1_000_000, description="Passes per second that one campaign changes at most; it may ask less."
    )
    requests_per_minute: int = Field(
        600_000,
        ge=1,
        description="Requests of one tenant per minute and process, unless the tenant has its own.",
    )
    anonymous_requests_per_minute: int = Field(
        6_000, ge=1, description="Requests without a credential per minute, address and process."
    )
    live_sockets_max: int = Field(10_000, ge=1, description="WebSockets open per process; each takes an open file.")
    live_sockets_per_tenant_max: int = Field(5_000, ge=1, description="WebSockets open per tenant and process.")
    live_sockets_per_pass_max: int = Field(100, ge=1, description="WebSockets open per pass and process.")
    key_cache_s: int = Field(5, ge=0, le=300, description="Longest time a revoked key may still be accepted, in s.")
    jwt_issuers_file: Path | None = Field(
        None, description="YAML or JSON list of the token issuers that are trusted; see docs/tokens.md."
    )
    webhook_allowed_networks: Annotated[str, AfterValidator(_networks)] = Field(
        "",
        description="Private networks that webhooks may be sent to, divided by commas, such as `10.1.0.0/16`; with "
        "`127.0.0.0/8`, http endpoints on this machine too.",
    )
    jobs_poll_s: float = Field(0.5, gt=0, le=60, description="Longest time between two looks for due jobs, in s.")
    stop_grace_s: int = Field(20, ge=1, le=600, description="Time that requests and jobs get to finish at a stop.")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least level that is logged.")
    log_json: bool = Field(default=False, description="Log JSON lines instead of readable ones.")
    postgres_bin: Path | None = Field(
        None,
        description="Folder of the PostgreSQL programs that the embedded database uses; empty: the wheel's.",
    )


def read_settings(environment: dict[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    Raises SettingsInvalid when a GUERDON_ variable is unknown or a value is out of bounds.
    """
    variables = dict(os.environ) if environment is None else environment
    unknown = sorted(name for name in variables if name.startswith(ENVIRONMENT_PREFIX) and not _is_known(name))
    mistakes = [f"{name}: no such setting; docs/settings.md lists them all" for name in unknown]
    values = {
        field: variables[name]
        for field in Settings.model_fields
        if (name := environment_name(field)) in variables and variables[name] != ""
    }
    if "database_url" in values:
        values["DATABASE_URL"] = values.pop("database_url")
    try:
        settings = Settings.model_validate(values)
    except ValidationError as refused:
        mistakes += [f"{environment_name(str(e['loc'][0]))}: {e['msg']}" for e in refused.errors()]
        raise SettingsInvalid("\n".join(mistakes)) from refused
    if mistakes:
        raise SettingsInvalid("\n".join(mistakes))
    return settings


def environment_name(field: str) -> str:
    """Tell which environment variable sets a field."""
    return "DATABASE_URL" if field.upper() == "DATABASE_URL" else ENVIRONMENT_PREFIX + field.upper()


def _is_known(name: str) -> bool:
    return name.removeprefix(ENVIRONMENT_PREFIX).lower() in Settings.model_fields
