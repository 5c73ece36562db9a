"""`guerdon secret`: what a tenant has sealed, by name."""

import binascii
from typing import Annotated

import typer

from guerdon.entrypoints.cli_running import AsJson, Home, TenantOption, read_input, run, say, show
from guerdon.entrypoints.home import open_place, settings_at
from guerdon.platform.clock import rfc3339, utc_now
from guerdon.tenants.model import SECRET_BYTES_MAX
from guerdon.tenants.secrets import delete_secret, list_secrets, save_secret

ACTOR = "operator"

Name = Annotated[str, typer.Argument(help="Such as identifiers/customerId.hmac.")]
IsHex = Annotated[bool, typer.Option("--hex", help="The input is the secret's bytes in hexadecimal.")]


def register(app: typer.Typer, sentence: str) -> None:
    """Add the commands to the program."""
    group = typer.Typer(help=sentence, no_args_is_help=True)
    group.command("set")(set_one)
    group.command("list")(list_all)
    group.command("remove")(remove)
    app.add_typer(group, name="secret")


def set_one(name: Name, tenant: TenantOption, *, is_hex: IsHex = False, home: Home = None) -> None:
    """Seal what standard input says, without its last line end, under this name."""
    plain = read_input(2 * SECRET_BYTES_MAX).removesuffix(b"\n").removesuffix(b"\r")
    if is_hex:
        try:
            plain = binascii.unhexlify(plain)
        except binascii.Error as odd:
            raise typer.BadParameter("The input is not hexadecimal.") from odd
    if not plain:
        raise typer.BadParameter("Give the secret on standard input; there was none.")

    async def work() -> None:
        async with open_place(settings_at(home), say) as place, place.tenant(tenant) as tx:
            await save_secret(tx, place.master_key, name=name, plain=plain, now=utc_now(), actor=ACTOR)
        say(f"{tenant} has the secret {name}, {len(plain)} bytes.")

    run(work())


def list_all(tenant: TenantOption, *, as_json: AsJson = False, home: Home = None) -> None:
    """List the names; never the secrets."""

    async def work() -> None:
        async with open_place(settings_at(home), say) as place, place.tenant(tenant) as tx:
            found = await list_secrets(tx)
        rows = [{"name": one.name, "updatedAt": rfc3339(one.updated_at), "actor": one.actor} for one in found]
        show(rows, as_json=as_json, empty=f"{tenant} has no secret.")

    run(work())


def remove(name: Name, tenant: TenantOption, home: Home = None) -> None:
    """Delete a secret."""

    async def work() -> int:
        async with open_place(settings_at(home), say) as place, place.tenant(tenant) as tx:
            is_deleted = await delete_secret(tx, name=name, now=utc_now(), actor=ACTOR)
        say(f"{tenant} {'no longer has' if is_deleted else 'never had'} the secret {name}.")
        return 0 if is_deleted else 1

    run(work())
