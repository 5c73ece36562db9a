"""Connections of the pool."""

from guerdon.platform.db import Database


async def test_a_line_that_nobody_uses_is_kept_alive(database: Database) -> None:
    async with database.shared() as connection:
        rows = await connection.fetch("SELECT name FROM pg_settings WHERE name LIKE 'tcp_keep%' AND source = 'client'")

    assert len(rows) == 3
