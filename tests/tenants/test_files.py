import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from guerdon.platform.db import Database
from guerdon.tenants.administration import create_tenant
from guerdon.tenants.errors import FileMissing, FilePathInvalid, FileTooLarge, TooManyFiles
from guerdon.tenants.files import get_file, list_files, list_history, remove_file, save_file
from guerdon.tenants.model import FileVersion

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PATH = "server/passes/loyalty.yml"


async def save(database: Database, tenant_id: str, content: bytes, path: str = PATH) -> FileVersion:
    async with database.tenant(tenant_id) as tx:
        return await save_file(tx, path=path, content=content, now=NOW, actor="key:abc")


async def remove(database: Database, tenant_id: str) -> FileVersion:
    async with database.tenant(tenant_id) as tx:
        return await remove_file(tx, path=PATH, now=NOW, actor="key:abc")


async def test_every_save_of_new_content_is_a_version(database: Database, tenant_id: str) -> None:
    await save(database, tenant_id, b"one")
    second = await save(database, tenant_id, b"two")

    async with database.tenant(tenant_id) as tx:
        assert second.version == 2
        assert (await get_file(tx, PATH)).content == b"two"
        assert (await get_file(tx, PATH, 1)).content == b"one"
        assert [(v.version, v.bytes_count) for v in await list_history(tx, PATH)] == [(2, 3), (1, 3)]


async def test_the_same_content_again_is_no_new_version(database: Database, tenant_id: str) -> None:
    first = await save(database, tenant_id, b"one")

    again = await save(database, tenant_id, b"one")

    assert again == first


async def test_content_that_was_there_earlier_is_a_new_version(database: Database, tenant_id: str) -> None:
    for content in (b"one", b"two", b"one"):
        latest = await save(database, tenant_id, content)

    assert latest.version == 3


async def test_an_empty_file_is_a_file(database: Database, tenant_id: str) -> None:
    await save(database, tenant_id, b"")

    async with database.tenant(tenant_id) as tx:
        assert (await get_file(tx, PATH)).content == b""


async def test_a_removed_file_is_missing_and_its_history_stays(database: Database, tenant_id: str) -> None:
    await save(database, tenant_id, b"one")
    removed = await remove(database, tenant_id)

    async with database.tenant(tenant_id) as tx:
        with pytest.raises(FileMissing):
            await get_file(tx, PATH)
        with pytest.raises(FileMissing):
            await get_file(tx, PATH, removed.version)
        assert (await get_file(tx, PATH, 1)).content == b"one"
        assert await list_files(tx) == []
        assert [v.is_removed for v in await list_history(tx, PATH)] == [True, False]


async def test_a_removed_file_comes_back_as_a_later_version(database: Database, tenant_id: str) -> None:
    await save(database, tenant_id, b"one")
    await remove(database, tenant_id)

    back = await save(database, tenant_id, b"one")

    assert (back.version, back.is_removed) == (3, False)


async def test_what_is_not_there_cannot_be_removed_or_read(database: Database, tenant_id: str) -> None:
    with pytest.raises(FileMissing):
        await remove(database, tenant_id)
    async with database.tenant(tenant_id) as tx:
        for version in (None, 0, 1, -1, 2**31, 10**30):
            with pytest.raises(FileMissing):
                await get_file(tx, PATH, version)


async def test_files_are_listed_by_prefix_and_in_pages(database: Database, tenant_id: str) -> None:
    for name in ("a/1", "a/2", "a/3", "b/1"):
        await save(database, tenant_id, b"x", name)
    await save(database, tenant_id, b"longer", "a/2")

    async with database.tenant(tenant_id) as tx:
        first = await list_files(tx, prefix="a/", limit=2)
        second = await list_files(tx, prefix="a/", limit=2, after=first[-1].path)

    assert [(f.path, f.version, f.bytes_count) for f in first] == [("a/1", 1, 1), ("a/2", 2, 6)]
    assert [f.path for f in second] == ["a/3"]


async def test_ten_saves_at_once_make_ten_versions(database: Database, tenant_id: str) -> None:
    saved = await asyncio.gather(*(save(database, tenant_id, f"{n}".encode()) for n in range(10)))

    assert sorted(version.version for version in saved) == list(range(1, 11))


async def test_the_number_of_files_is_bounded_and_new_versions_are_free(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await tx.execute(
            "INSERT INTO tenant_file (tenant_id, path, version, content, digest, created_at, actor)"
            " SELECT $1, 'f' || n, 1, '', '', $2, 'test' FROM generate_series(1, 2000) AS n",
            tenant_id,
            NOW,
        )
    await save(database, tenant_id, b"new", "f1")

    with pytest.raises(TooManyFiles):
        await save(database, tenant_id, b"new", "g")


async def test_a_refused_file_leaves_nothing(database: Database, tenant_id: str) -> None:
    with pytest.raises(FilePathInvalid):
        await save(database, tenant_id, b"x", "../x")
    with pytest.raises(FileTooLarge):
        await save(database, tenant_id, bytes(1_048_577))

    async with database.tenant(tenant_id) as tx:
        assert await tx.value("SELECT count(*) FROM tenant_file") == 0


async def test_a_save_is_told_as_an_event_and_a_repeat_is_not(database: Database, tenant_id: str) -> None:
    await save(database, tenant_id, b"one")
    await save(database, tenant_id, b"one")
    await remove(database, tenant_id)

    async with database.tenant(tenant_id) as tx:
        kinds = [row["kind"] for row in await tx.records("SELECT kind FROM event ORDER BY event_id")]
    assert kinds == ["tenant.file-saved", "tenant.file-removed"]


async def test_another_tenant_sees_no_file_even_without_naming_itself(
    owner: "asyncpg.Connection[asyncpg.Record]", database: Database, tenant_id: str
) -> None:
    await save(database, tenant_id, b"one")
    other = f"{tenant_id}-x"
    await create_tenant(owner, tenant_id=other, name="Other", now=NOW)

    async with database.tenant(other) as tx:
        assert await tx.value("SELECT count(*) FROM tenant_file") == 0
        with pytest.raises(FileMissing):
            await get_file(tx, PATH)


@pytest.mark.parametrize(
    "statement", ["UPDATE tenant_file SET content = ''", "DELETE FROM tenant_file", "TRUNCATE tenant_file"]
)
async def test_the_application_cannot_rewrite_history(database: Database, tenant_id: str, statement: str) -> None:
    await save(database, tenant_id, b"one")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.tenant(tenant_id) as tx:
            await tx.connection.execute(statement)
