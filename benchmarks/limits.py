"""The limit in its strictest form: the whole durable work in one stored function, made only for the benchmark."""

import asyncio

import asyncpg

from benchmarks.load import SCRIPTS
from benchmarks.stage import Place


def create_function(place: Place, work: str) -> None:
    """Make the function that does `work`."""
    asyncio.run(_create(place, ("limit_text.sql", f"limit_{work}.sql")))


async def _create(place: Place, names: tuple[str, ...]) -> None:
    owner = await asyncpg.connect(place.url)
    for name in names:
        await owner.execute((SCRIPTS / name).read_text())
    await owner.close()
