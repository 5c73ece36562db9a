"""The home of an installation: its settings, its lock, its master key and the way to its database.

DatabaseUnmigrated   503  the database is not at this release
DatabaseUnreachable  503  the database does not let us in
MasterKeyAbsent      503  there is no master key, and making one here would not be the one of the server
"""

import os
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeAlias

import asyncpg

from guerdon.platform.cluster_folder import ClusterFolder, lock
from guerdon.platform.db import Database, Tx, open_database
from guerdon.platform.embedded import EmbeddedPostgres, EmbeddedSettings, find_running_dsn
from guerdon.platform.keys import MasterKey, configured_master_key
from guerdon.platform.migrate import list_missing, migrate
from guerdon.platform.problems import Problem
from guerdon.platform.settings import Settings, read_settings
from guerdon.platform.tenant_ids import is_tenant_id
from guerdon.tenants.administration import get_tenant
from guerdon.tenants.errors import TenantIdInvalid

COMMAND_CONNECTIONS = 2
CONNECT_TIMEOUT_S = 10

# A wrong password, an unknown database, an address that is none, and all that the network can do.
UNREACHABLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError)

Say = Callable[[str], None]
Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class DatabaseUnmigrated(Problem):
    """The database is not at this release."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "database_unmigrated"
    title: ClassVar[str] = "The database is behind this release"

    def __init__(self, missing: list[str]) -> None:
        super().__init__(f"The database lacks {', '.join(missing)}; run `guerdon migrate` first.")


class MasterKeyAbsent(Problem):
    """There is no master key, and making one here would not be the one of the server."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "master_key_absent"
    title: ClassVar[str] = "There is no master key"

    def __init__(self, home: Path) -> None:
        super().__init__(
            f"There is no {home / 'secret.key'}, and GUERDON_SECRET_KEY is not set. Set it, or GUERDON_HOME, as it is "
            "set for the server: what another key seals, the server cannot open."
        )


class DatabaseUnreachable(Problem):
    """The database does not let us in."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "database_unreachable"
    title: ClassVar[str] = "The database cannot be reached"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The database cannot be reached: {reason}. Look at DATABASE_URL.")


@dataclass(frozen=True, slots=True)
class Place:
    """What the operator's commands work on."""

    settings: Settings
    url: str
    database: Database

    @property
    def master_key(self) -> MasterKey:
        """The master key; only what seals or checks secrets needs it. Raises MasterKeyAbsent, MasterKeyInvalid."""
        return get_master_key(self.settings)

    @asynccontextmanager
    async def tenant(self, tenant_id: str, *, dry_run: bool = False) -> AsyncGenerator[Tx]:
        """Open a transaction of a tenant that exists. Raises TenantIdInvalid, TenantNotFound."""
        if not is_tenant_id(tenant_id):
            raise TenantIdInvalid
        async with self.database.tenant(tenant_id, dry_run=dry_run) as tx:
            await get_tenant(tx)
            yield tx

    @asynccontextmanager
    async def owner(self) -> AsyncGenerator[Owner]:
        """Open the owner's connection, for what the application's role may not do."""
        async with owner_connection(self.url) as connection:
            yield connection


def settings_at(home: Path | None = None, host: str | None = None, port: int | None = None) -> Settings:
    """Read the settings, with what the command line says in place of the environment. Raises SettingsInvalid."""
    said = {"GUERDON_HOME": home, "GUERDON_HOST": host, "GUERDON_PORT": port}
    given = {name: str(value) for name, value in said.items() if value is not None}
    return read_settings({**os.environ, **given})


@contextmanager
def home_lock(home: Path) -> Generator[None]:
    """Hold a home for one `guerdon up`; dying lets go of it. Raises FolderInUse."""
    # Root's server runs under another account, which has to walk through.
    home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    descriptor = lock(ClusterFolder(home.resolve()))
    try:
        yield
    finally:
        os.close(descriptor)


def embedded_server(settings: Settings, say: Say) -> EmbeddedPostgres:
    """Describe the server that belongs to the home; nothing is started."""
    return EmbeddedPostgres(EmbeddedSettings(settings.home, settings.postgres_bin), say)


@asynccontextmanager
async def database_url(settings: Settings, say: Say) -> AsyncGenerator[str]:
    """Give the owner's address of the database: the one that is set, the embedded one that runs, or one started now.

    A server started here is brought to this release, and stopped at the end. Raises DatabaseUnreachable,
    MigrationRefused, the refusals of `embedded_errors`.
    """
    if settings.database_url is not None:
        yield await _reached(settings.database_url.get_secret_value())
        return
    running = find_running_dsn(settings.home)
    if running is not None:
        yield running
        return
    server = embedded_server(settings, say)
    url = await server.start()
    try:
        await migrate(url)
        yield url
    finally:
        await server.stop()


@asynccontextmanager
async def open_place(settings: Settings, say: Say) -> AsyncGenerator[Place]:
    """Open all that an operator's command works on. Raises what `database_url` does, DatabaseUnmigrated."""
    async with database_url(settings, say) as url:
        async with owner_connection(url) as connection:
            missing = await list_missing(connection)
        if missing:
            raise DatabaseUnmigrated(missing)
        database = await open_database(url, COMMAND_CONNECTIONS)
        try:
            yield Place(settings, url, database)
        finally:
            await database.close()


@asynccontextmanager
async def owner_connection(url: str) -> AsyncGenerator[Owner]:
    """Open one connection as the owner of the tables, which row-level security does not bind.

    Raises DatabaseUnreachable.
    """
    try:
        connection = await asyncpg.connect(
            url, timeout=CONNECT_TIMEOUT_S, server_settings={"application_name": "guerdon operator", "timezone": "UTC"}
        )
    except UNREACHABLE as trouble:
        raise DatabaseUnreachable(str(trouble) or type(trouble).__name__) from trouble
    try:
        yield connection
    finally:
        await connection.close()


def get_master_key(settings: Settings) -> MasterKey:
    """Take the master key of the installation; beside a database of one's own it is never made by a command.

    Raises MasterKeyAbsent, MasterKeyInvalid.
    """
    is_set = settings.secret_key is not None or (settings.home / "secret.key").exists()
    if settings.database_url is not None and not is_set:
        raise MasterKeyAbsent(settings.home.resolve())
    return configured_master_key(settings)


async def _reached(url: str) -> str:
    async with owner_connection(url):
        return url
