"""Bringing a database to this release: plain SQL files, forward only, under one lock."""

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import asyncpg

LOCK_KEY = 7_310_579_614  # any number, the same for ever: one migrator at a time
REPOSITORY_FOLDER = Path(__file__).parents[3] / "migrations"
VERSION_MIN = 150_000


class MigrationRefused(Exception):
    """The database cannot be brought to this release; the message says why."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `0001_spine.expand.sql`."""

    name: str
    sql: str

    @property
    def digest(self) -> str:
        """Fingerprint of the text, kept in the database to notice a file that was changed afterwards."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def list_migrations() -> list[Migration]:
    """Read this release's migrations in their order."""
    packaged = resources.files("guerdon.platform").joinpath("migrations")
    folder = packaged if packaged.is_dir() else REPOSITORY_FOLDER
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [Migration(file.name, file.read_text()) for file in files]


async def migrate(url: str) -> list[str]:
    """Apply what is missing and name it; several processes may start this at once.

    Raises MigrationRefused when the server is too old, or a file differs from what was applied.
    """
    connection = await asyncpg.connect(url, server_settings={"application_name": "guerdon migrate"})
    try:
        if connection.get_server_version()[0] * 10_000 < VERSION_MIN:
            raise MigrationRefused("Guerdon needs PostgreSQL 15 or newer.")
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
        return await _apply_missing(connection)
    finally:
        await connection.close()


async def list_missing(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """Name the migrations of this release that the database lacks."""
    has_table = await connection.fetchval("SELECT to_regclass('migration') IS NOT NULL")
    records = await connection.fetch("SELECT name FROM migration") if has_table else ()
    applied = {record["name"] for record in records}
    return [migration.name for migration in list_migrations() if migration.name not in applied]


async def _apply_missing(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS migration ("
        " name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    applied = {row["name"]: row["digest"] for row in await connection.fetch("SELECT name, digest FROM migration")}
    migrations = list_migrations()
    unknown = sorted(set(applied) - {migration.name for migration in migrations})
    if unknown:
        raise MigrationRefused(f"The database is from a newer release: it has {', '.join(unknown)}.")
    done: list[str] = []
    for migration in migrations:
        if migration.name not in applied:
            await _apply(connection, migration)
            done.append(migration.name)
        elif applied[migration.name] != migration.digest:
            raise MigrationRefused(f"{migration.name} was changed after it had been applied to this database.")
    return done


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '4s'; SET LOCAL statement_timeout = '60s'")
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO migration (name, digest) VALUES ($1, $2)", migration.name, migration.digest
        )
