from datetime import UTC, datetime

import asyncpg
import pytest

from guerdon.platform.db import Database
from guerdon.platform.keys import MasterKey, MasterKeyInvalid
from guerdon.tenants import queries
from guerdon.tenants.administration import create_tenant, get_tenant
from guerdon.tenants.errors import TooManySecrets
from guerdon.tenants.secrets import delete_secret, find_secret, list_secrets, save_secret

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLAIN = b"-----a private key-----"


async def save(database: Database, tenant_id: str, master_key: MasterKey, plain: bytes = PLAIN) -> None:
    async with database.tenant(tenant_id) as tx:
        await save_secret(tx, master_key, name="apple", plain=plain, now=NOW, actor="key:abc")


async def test_a_saved_secret_is_found_again(database: Database, tenant_id: str, master_key: MasterKey) -> None:
    await save(database, tenant_id, master_key)

    async with database.tenant(tenant_id) as tx:
        assert await find_secret(tx, master_key, "apple") == PLAIN
        assert await find_secret(tx, master_key, "google") is None


async def test_a_secret_lies_sealed_and_shows_itself_nowhere(
    database: Database, tenant_id: str, master_key: MasterKey
) -> None:
    await save(database, tenant_id, master_key)

    async with database.tenant(tenant_id) as tx:
        sealed = await queries.find_secret(tx, "apple")
        events = [row["payload"] for row in await tx.records("SELECT payload FROM event")]

    assert sealed is not None
    assert PLAIN not in sealed.sealed
    assert repr(sealed) == "SealedSecret()"
    assert events == ['{"name": "apple"}']


async def test_a_second_save_replaces_the_first(database: Database, tenant_id: str, master_key: MasterKey) -> None:
    await save(database, tenant_id, master_key)
    await save(database, tenant_id, master_key, b"newer")

    async with database.tenant(tenant_id) as tx:
        assert await find_secret(tx, master_key, "apple") == b"newer"
        assert [(s.name, s.actor) for s in await list_secrets(tx)] == [("apple", "key:abc")]


async def test_another_master_key_opens_nothing(database: Database, tenant_id: str, master_key: MasterKey) -> None:
    await save(database, tenant_id, master_key)

    async with database.tenant(tenant_id) as tx:
        with pytest.raises(MasterKeyInvalid):
            await find_secret(tx, MasterKey("some other master key of enough characters"), "apple")


async def test_a_secret_that_was_moved_to_another_name_does_not_open(
    database: Database, tenant_id: str, master_key: MasterKey
) -> None:
    await save(database, tenant_id, master_key)

    async with database.tenant(tenant_id) as tx:
        await tx.execute("UPDATE tenant_secret SET name = 'google' WHERE tenant_id = $1", tenant_id)
        with pytest.raises(MasterKeyInvalid):
            await find_secret(tx, master_key, "google")


async def test_a_deleted_secret_is_gone(database: Database, tenant_id: str, master_key: MasterKey) -> None:
    await save(database, tenant_id, master_key)

    async with database.tenant(tenant_id) as tx:
        assert await delete_secret(tx, name="apple", now=NOW, actor="key:abc")
        assert not await delete_secret(tx, name="apple", now=NOW, actor="key:abc")
        assert await find_secret(tx, master_key, "apple") is None


async def test_the_number_of_secrets_is_bounded_and_replacing_is_free(
    database: Database, tenant_id: str, master_key: MasterKey
) -> None:
    async with database.tenant(tenant_id) as tx:
        await tx.execute(
            "INSERT INTO tenant_secret (tenant_id, name, sealed, updated_at, actor)"
            " SELECT $1, 'n' || n, '', $2, 'test' FROM generate_series(1, 500) AS n",
            tenant_id,
            NOW,
        )
        await save_secret(tx, master_key, name="n1", plain=PLAIN, now=NOW, actor="test")
        with pytest.raises(TooManySecrets):
            await save_secret(tx, master_key, name="one-more", plain=PLAIN, now=NOW, actor="test")


async def test_another_tenant_sees_no_secret_even_without_naming_itself(
    owner: "asyncpg.Connection[asyncpg.Record]", database: Database, tenant_id: str, master_key: MasterKey
) -> None:
    await save(database, tenant_id, master_key)
    other = f"{tenant_id}-x"
    await create_tenant(owner, tenant_id=other, name="Other", now=NOW)

    async with database.tenant(other) as tx:
        assert await tx.value("SELECT count(*) FROM tenant_secret") == 0
        assert await tx.execute("DELETE FROM tenant_secret") == 0
        assert await find_secret(tx, master_key, "apple") is None
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.tenant(other) as tx:
            await tx.execute("INSERT INTO tenant_secret VALUES ($1, 'planted', '', now(), 'thief')", tenant_id)


async def test_what_passes_are_made_from_has_a_new_revision_when_a_secret_comes_or_goes(
    database: Database, tenant_id: str, master_key: MasterKey
) -> None:
    async def revision() -> int:
        async with database.tenant(tenant_id) as tx:
            return (await get_tenant(tx)).revision

    before = await revision()
    await save(database, tenant_id, master_key)
    saved = await revision()
    async with database.tenant(tenant_id) as tx:
        await delete_secret(tx, name="apple", now=NOW, actor="key:abc")

    assert before < saved < await revision()
