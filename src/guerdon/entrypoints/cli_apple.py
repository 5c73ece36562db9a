"""`guerdon apple`: the certificates that sign a tenant's passes."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from guerdon.delivery.apple.certificates import Expected, read_p12, read_pem
from guerdon.delivery.apple.credentials import save_identity
from guerdon.delivery.apple.identity import SigningIdentity
from guerdon.entrypoints.cli_running import AsJson, Home, TenantOption, run, say, show_json
from guerdon.entrypoints.home import open_place, settings_at
from guerdon.platform.clock import rfc3339, utc_now

ACTOR = "operator"

Container = Annotated[Path | None, typer.Option("--p12", exists=True, dir_okay=False, help="A .p12 export.")]
Certificate = Annotated[
    Path | None, typer.Option("--certificate", exists=True, dir_okay=False, help="The certificate, PEM or DER.")
]
Key = Annotated[Path | None, typer.Option("--key", exists=True, dir_okay=False, help="Its private key, PEM or DER.")]
Intermediates = Annotated[
    list[Path] | None,
    typer.Option(
        "--intermediate", exists=True, dir_okay=False, help="Apple's WWDR certificate that issued it; may be repeated."
    ),
]
PasswordFromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Standard input holds the password; else a person is asked.")
]
PassTypeIdentifier = Annotated[
    str | None, typer.Option("--pass-type-identifier", help="Refuse a certificate for another one.")
]
TeamIdentifier = Annotated[str | None, typer.Option("--team-identifier", help="Refuse a certificate of another team.")]


def register(app: typer.Typer, sentence: str) -> None:
    """Add the commands to the program."""
    group = typer.Typer(help=sentence, no_args_is_help=True)
    group.callback()(_keep_the_name)
    group.command("certificate")(certificate)
    app.add_typer(group, name="apple")


def certificate(
    tenant: TenantOption,
    p12: Container = None,
    certificate_file: Certificate = None,
    key: Key = None,
    intermediate: Intermediates = None,
    *,
    password_stdin: PasswordFromInput = False,
    pass_type_identifier: PassTypeIdentifier = None,
    team_identifier: TeamIdentifier = None,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Check a signing certificate, say everything that is wrong with it, and keep it sealed if nothing is."""
    if (p12 is None) == (certificate_file is None) or (certificate_file is None) != (key is None):
        raise typer.BadParameter("Give either --p12, or --certificate together with --key.")
    password = _password(is_from_input=password_stdin)
    expected = Expected(pass_type_identifier, team_identifier)

    async def work() -> None:
        now = utc_now()
        chain = b"\n".join([path.read_bytes() for path in intermediate or []])
        if p12 is not None:
            identity = read_p12(p12.read_bytes(), password, now=now, intermediates=chain, expected=expected)
        else:
            identity = _of_pair(certificate_file, key, password, chain, expected, now)
        async with open_place(settings_at(home), say) as place, place.tenant(tenant) as tx:
            await save_identity(tx, place.master_key, identity, now, ACTOR)
        _tell(identity, tenant, as_json=as_json)

    run(work())


def _of_pair(
    certificate_file: Path | None, key: Path | None, password: str, chain: bytes, expected: Expected, now: datetime
) -> SigningIdentity:
    assert certificate_file is not None
    assert key is not None
    return read_pem(
        certificate_file.read_bytes(),
        key.read_bytes(),
        now=now,
        key_password=password,
        intermediates=chain,
        expected=expected,
    )


def _password(*, is_from_input: bool) -> str:
    if is_from_input:
        return sys.stdin.readline().removesuffix("\n")
    if sys.stdin.isatty():
        return str(typer.prompt("Password (empty if there is none)", default="", hide_input=True, show_default=False))
    return ""


def _tell(identity: SigningIdentity, tenant: str, *, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "passTypeIdentifier": identity.pass_type_identifier,
                "teamIdentifier": identity.team_identifier,
                "expiresAt": rfc3339(identity.expires_at),
            }
        )
    else:
        who = f"{identity.pass_type_identifier} of team {identity.team_identifier}"
        typer.echo(f"{tenant} signs as {who} until {rfc3339(identity.expires_at)}.")


def _keep_the_name() -> None:
    """Take in Apple certificates."""
