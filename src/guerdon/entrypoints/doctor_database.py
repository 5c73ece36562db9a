"""The doctor's look at the database and at what tenants keep in it."""

from datetime import datetime, timedelta
from typing import Final

from guerdon.delivery.apple.credentials import find_identity
from guerdon.entrypoints import doctor_queries
from guerdon.entrypoints.doctor_findings import Check, failed, fine, warning
from guerdon.entrypoints.home import Owner, get_master_key, owner_connection
from guerdon.platform.clock import rfc3339, utc_now
from guerdon.platform.db import Database, open_database
from guerdon.platform.keys import MasterKey, MasterKeyInvalid
from guerdon.platform.migrate import list_missing
from guerdon.platform.problems import Problem
from guerdon.platform.sessions import APPLICATION_ROLE
from guerdon.platform.settings import Settings
from guerdon.tenants.administration import list_tenants
from guerdon.tenants.secrets import find_secret, list_secrets

VERSION_MIN: Final = 150_000
CLOCKS_APART: Final = timedelta(seconds=5)
EXPIRY_TOLD: Final = timedelta(days=60)
CONNECTIONS: Final = 2
# Beside its pool a process has one connection for wake-ups, and the worker a small pool for the queue.
BESIDE_POOLS: Final = 4
TENANTS_MAX: Final = 1_000


async def examine_database(settings: Settings, url: str, now: datetime) -> list[Check]:
    """Look at the server, the schema, the roles and, if all is there, at every tenant (1000 at most)."""
    async with owner_connection(url) as owner:
        missing = await list_missing(owner)
        checks = await _server(owner, settings)
        if missing:
            return [*checks, failed("schema", f"It lacks {', '.join(missing)}; run `guerdon migrate`.")]
        checks += [fine("schema", "It is at this release."), await _roles(owner), await _jobs(owner)]
        tenants = [tenant.tenant_id for tenant in await list_tenants(owner, limit=TENANTS_MAX)]
    try:
        master_key = get_master_key(settings)
    except (Problem, MasterKeyInvalid):
        return checks  # it has a check of its own
    database = await open_database(url, CONNECTIONS)
    try:
        return [*checks, *[check for name in tenants for check in await _tenant(database, name, master_key, now)]]
    finally:
        await database.close()


async def _server(owner: Owner, settings: Settings) -> list[Check]:
    server = await doctor_queries.read_server(owner)
    checks = [
        fine("database", f"PostgreSQL {server.version} answers.")
        if server.version_number >= VERSION_MIN
        else failed("database", f"PostgreSQL {server.version} is too old; 15 to 18 are read.")
    ]
    if server.unsafe:
        checks.append(warning("durability", f"{', '.join(server.unsafe)}: a crash may lose acknowledged movements."))
    apart = abs(server.now - utc_now())
    if apart > CLOCKS_APART:
        checks.append(warning("clocks", f"The server's clock and ours are {apart.total_seconds():.0f} s apart."))
    gathered = settings.group_commit_in_flight if settings.group_commit else 0
    needed = (settings.api_processes + 1) * (settings.pool_size + BESIDE_POOLS) + settings.api_processes * gathered
    if needed > server.connections_max:
        says = f"`guerdon up` may use {needed} connections; the server has {server.connections_max}."
        checks.append(failed("connections", f"{says} Lower GUERDON_POOL_SIZE or raise max_connections."))
    else:
        checks.append(fine("connections", f"{server.connections} of {server.connections_max} are used."))
    return checks


async def _roles(owner: Owner) -> Check:
    if not await doctor_queries.may_act_as(owner, APPLICATION_ROLE):
        return failed("roles", f"This login may not act as {APPLICATION_ROLE}; GRANT {APPLICATION_ROLE} to it.")
    if await doctor_queries.passes_row_security(owner, APPLICATION_ROLE):
        return failed("roles", f"{APPLICATION_ROLE} passes by row-level security: tenants would see each other.")
    unguarded = await doctor_queries.list_unguarded_tables(owner)
    if unguarded:
        return failed("roles", f"Row-level security is off for {', '.join(unguarded)}.")
    return fine("roles", f"{APPLICATION_ROLE} is bound by row-level security, on every table of tenants.")


async def _jobs(owner: Owner) -> Check:
    held = await doctor_queries.count_held_jobs(owner)
    return warning("jobs", f"{held} jobs failed too often and are held.") if held else fine("jobs", "None is held.")


async def _tenant(database: Database, tenant_id: str, master_key: MasterKey, now: datetime) -> list[Check]:
    name = f"tenant {tenant_id}"
    async with database.tenant(tenant_id) as tx:
        try:
            for secret in await list_secrets(tx):
                await find_secret(tx, master_key, secret.name)
            identity = await find_identity(tx, master_key)
        except MasterKeyInvalid as wrong:
            return [failed(name, f"{wrong} Start with the master key that it was sealed with.")]
    if identity is None:
        return [warning(name, "It has no Apple certificate; `guerdon apple certificate` takes one in.")]
    until = f"The certificate of {identity.pass_type_identifier} is good until {rfc3339(identity.expires_at)}."
    if identity.expires_at <= now:
        return [failed(name, f"{until} Passes are neither issued nor updated any more; upload its successor.")]
    if identity.expires_at - now < EXPIRY_TOLD:
        return [warning(name, f"{until} Upload its successor soon.")]
    return [fine(name, until)]
