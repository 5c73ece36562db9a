import asyncio
import uuid
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from guerdon.platform.migrate import MigrationRefused, list_migrations, migrate


@pytest.fixture
async def empty_url(server_url: str) -> AsyncIterator[str]:
    name = f"empty_{uuid.uuid4().hex[:12]}"
    server = await asyncpg.connect(server_url)
    await server.execute(f'CREATE DATABASE "{name}"')
    yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await server.close()


async def test_ten_at_once_apply_each_migration_once(empty_url: str) -> None:
    done = await asyncio.gather(*(migrate(empty_url) for _ in range(10)))

    assert sorted(name for names in done for name in names) == [migration.name for migration in list_migrations()]


async def test_a_migration_that_was_changed_afterwards_is_noticed(empty_url: str) -> None:
    await migrate(empty_url)
    connection = await asyncpg.connect(empty_url)
    await connection.execute("UPDATE migration SET digest = 'other' WHERE name LIKE '0001%'")
    await connection.close()

    with pytest.raises(MigrationRefused, match="0001_spine"):
        await migrate(empty_url)


async def test_a_database_of_a_newer_release_is_left_alone(empty_url: str) -> None:
    await migrate(empty_url)
    connection = await asyncpg.connect(empty_url)
    await connection.execute("INSERT INTO migration (name, digest) VALUES ('9999_future', 'x')")
    await connection.close()

    with pytest.raises(MigrationRefused, match="9999_future"):
        await migrate(empty_url)
