"""`guerdon tenant`: whose data this installation keeps."""

from typing import Annotated

import typer

from guerdon.entrypoints.cli_running import AsJson, Home, run, say, show
from guerdon.entrypoints.home import open_place, settings_at
from guerdon.platform.clock import rfc3339, utc_now
from guerdon.tenants.administration import create_tenant, list_tenants, set_requests_per_minute, set_tenant_status
from guerdon.tenants.model import LIST_MAX, Tenant, TenantStatus

TenantArgument = Annotated[str, typer.Argument(help="2 to 40 of a-z, 0-9 and inner hyphens.")]
Name = Annotated[str | None, typer.Option("--name", help="What people call the tenant; else its id.")]
Language = Annotated[str, typer.Option("--language", help="The language of its texts, such as en or pt-BR.")]
Requests = Annotated[int | None, typer.Option("--requests-per-minute", min=1, help="The tenant's own limit.")]
IsSandbox = Annotated[
    bool, typer.Option("--sandbox", help="For tests: its time may be frozen and advanced. It stays one for good.")
]
NoLimit = Annotated[bool, typer.Option("--default", help="Back to the installation's limit.")]


def register(app: typer.Typer, sentence: str) -> None:
    """Add the commands to the program."""
    group = typer.Typer(help=sentence, no_args_is_help=True)
    for command in (create, list_all, disable, enable, limit):
        group.command("list" if command is list_all else command.__name__)(command)
    app.add_typer(group, name="tenant")


def create(
    tenant: TenantArgument,
    name: Name = None,
    language: Language = "en",
    *,
    sandbox: IsSandbox = False,
    home: Home = None,
) -> None:
    """Create a tenant."""

    async def work() -> None:
        async with open_place(settings_at(home), say) as place, place.owner() as owner:
            made = await create_tenant(
                owner,
                tenant_id=tenant,
                name=name or tenant,
                now=utc_now(),
                default_language=language,
                is_sandbox=sandbox,
            )
        say(f"There is now a tenant {made.tenant_id!r}.")

    run(work())


def list_all(*, as_json: AsJson = False, home: Home = None) -> None:
    """List the tenants."""

    async def work() -> None:
        found: list[Tenant] = []
        async with open_place(settings_at(home), say) as place, place.owner() as owner:
            while page := await list_tenants(owner, after=found[-1].tenant_id if found else ""):
                found += page
                if len(page) < LIST_MAX:
                    break
        show([_row(tenant) for tenant in found], as_json=as_json, empty="There is no tenant yet.")

    run(work())


def disable(tenant: TenantArgument, home: Home = None) -> None:
    """Refuse every credential of a tenant; its data stays."""
    _set_status(tenant, "disabled", home)


def enable(tenant: TenantArgument, home: Home = None) -> None:
    """Accept a tenant's credentials again."""
    _set_status(tenant, "active", home)


def limit(
    tenant: TenantArgument, requests_per_minute: Requests = None, *, default: NoLimit = False, home: Home = None
) -> None:
    """Give a tenant its own limit of requests, or take it back."""
    if (requests_per_minute is None) != default:
        raise typer.BadParameter("Give either --requests-per-minute or --default.")

    async def work() -> None:
        async with open_place(settings_at(home), say) as place, place.owner() as owner:
            await set_requests_per_minute(owner, tenant, requests_per_minute)
        said = "the installation's limit" if default else f"{requests_per_minute} requests per minute and process"
        say(f"{tenant}: {said}.")

    run(work())


def _set_status(tenant: str, status: TenantStatus, home: Home) -> None:
    async def work() -> None:
        settings = settings_at(home)
        async with open_place(settings, say) as place, place.owner() as owner:
            await set_tenant_status(owner, tenant, status)
        say(f"{tenant} is {status}; running processes notice within {settings.key_cache_s} s.")

    run(work())


def _row(tenant: Tenant) -> dict[str, object]:
    return {
        "tenantId": tenant.tenant_id,
        "name": tenant.name,
        "status": tenant.status,
        "defaultLanguage": tenant.default_language,
        "requestsPerMinute": tenant.requests_per_minute,
        "sandbox": tenant.is_sandbox,
        "createdAt": rfc3339(tenant.created_at),
    }
