"""`guerdon key`: the API keys of a tenant."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from guerdon.access.keys import LIST_MAX, KeyPepper, create_key, list_keys, revoke_key
from guerdon.access.model import ApiKey, operator
from guerdon.entrypoints.cli_running import AsJson, Home, TenantOption, run, say, show, show_json
from guerdon.entrypoints.home import open_place, settings_at
from guerdon.platform.clock import rfc3339, utc_now

Name = Annotated[str, typer.Option("--name", help="What the key is for; unique among the tenant's good keys.")]
Scopes = Annotated[list[str], typer.Option("--scope", help="What the key may do; may be repeated. `*` is everything.")]
Expiry = Annotated[
    datetime | None,
    typer.Option("--expires-at", formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"], help="UTC, such as 2030-01-31T12:00:00Z."),
]


def register(app: typer.Typer, sentence: str) -> None:
    """Add the commands to the program."""
    group = typer.Typer(help=sentence, no_args_is_help=True)
    for command in (create, list_all, revoke):
        group.command("list" if command is list_all else command.__name__)(command)
    app.add_typer(group, name="key")


def create(
    tenant: TenantOption,
    name: Name,
    scope: Scopes,
    expires_at: Expiry = None,
    *,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Make a key and print it, once: nobody can show it again."""

    async def work() -> None:
        now = utc_now()
        async with open_place(settings_at(home), say) as place, place.tenant(tenant) as tx:
            made = await create_key(
                tx,
                KeyPepper(place.master_key),
                name=name,
                scopes=frozenset(scope),
                caller=operator(tenant),
                now=now,
                expires_at=None if expires_at is None else expires_at.replace(tzinfo=UTC),
            )
        if as_json:
            show_json({**_row(made.key, now), "token": made.text})
        else:
            typer.echo(made.text)
            say("Keep it now: it is not shown again.")

    run(work())


def list_all(tenant: TenantOption, *, as_json: AsJson = False, home: Home = None) -> None:
    """List the keys, revoked ones too; never the keys themselves."""

    async def work() -> None:
        found: list[ApiKey] = []
        async with open_place(settings_at(home), say) as place, place.tenant(tenant) as tx:
            while page := await list_keys(tx, after=found[-1].key_id if found else ""):
                found += page
                if len(page) < LIST_MAX:
                    break
        rows = [_row(key, utc_now()) for key in found]
        show(rows, as_json=as_json, empty=f"{tenant} has no key.")

    run(work())


def revoke(tenant: TenantOption, name: Name, home: Home = None) -> None:
    """Make a key worthless for ever."""

    async def work() -> None:
        settings = settings_at(home)
        async with open_place(settings, say) as place, place.tenant(tenant) as tx:
            key = await revoke_key(tx, name=name, caller=operator(tenant), now=utc_now())
        say(f"{key.prefix} is revoked; running processes refuse it within {settings.key_cache_s} s.")

    run(work())


def _row(key: ApiKey, now: datetime) -> dict[str, object]:
    return {
        "name": key.name,
        "keyId": key.key_id,
        "prefix": key.prefix,
        "permissions": list(key.scopes),
        "roles": list(key.roles),
        "enabled": key.is_good(now),
        "createdAt": rfc3339(key.created_at),
        "expiresAt": _text(key.expires_at),
        "revokedAt": _text(key.revoked_at),
        "lastUsedAt": _text(key.last_used_at),
    }


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)
