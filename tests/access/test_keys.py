import asyncio
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from guerdon.access.errors import KeyExists, KeyExpiryPast, KeyNotFound, ScopeNotHeld, TooManyKeys
from guerdon.access.keys import KeyPepper, list_keys, revoke_key
from guerdon.access.model import Caller, KeyName, operator, read_key_name
from guerdon.platform.db import Database
from guerdon.platform.ids import new_secret
from guerdon.platform.keys import MasterKey
from tests.access.builders import NOW, KeyMaker


async def test_a_new_key_shows_its_tenant_and_id_and_hides_its_secret(make_key: KeyMaker, tenant_id: str) -> None:
    created = await make_key(tenant_id)

    assert created.text.startswith(f"gk.{tenant_id}.{created.key.key_id}.")
    assert created.key.prefix == created.text.rpartition(".")[0]
    assert created.text not in repr(created)


async def test_the_table_holds_no_text_of_a_key(make_key: KeyMaker, database: Database, tenant_id: str) -> None:
    created = await make_key(tenant_id)

    async with database.tenant(tenant_id) as tx:
        row = await tx.value("SELECT row_to_json(api_key)::text FROM api_key")
        event = await tx.value("SELECT payload FROM event")
    secret = created.text.rpartition(".")[2]
    assert secret not in row
    assert secret not in event


async def test_keys_are_told_as_events(make_key: KeyMaker, database: Database, tenant_id: str) -> None:
    created = await make_key(tenant_id, scopes=frozenset({"Pass.Read"}))
    async with database.tenant(tenant_id) as tx:
        await revoke_key(tx, name="till", caller=operator(tenant_id), now=NOW)
        events = await tx.records("SELECT kind, subject_id, payload, actor FROM event ORDER BY event_id")

    key_id = created.key.key_id
    assert [(e["kind"], e["subject_id"], e["actor"]) for e in events] == [
        ("access.key-created", key_id, "operator"),
        ("access.key-revoked", key_id, "operator"),
    ]
    assert msgspec.json.decode(events[0]["payload"]) == {
        "keyId": key_id,
        "name": "till",
        "permissions": ["Pass.Read"],
    }


async def test_a_good_name_is_taken_and_a_revoked_one_is_free(
    make_key: KeyMaker, database: Database, tenant_id: str
) -> None:
    await make_key(tenant_id)
    with pytest.raises(KeyExists):
        await make_key(tenant_id)

    async with database.tenant(tenant_id) as tx:
        await revoke_key(tx, name="till", caller=operator(tenant_id), now=NOW)

    assert (await make_key(tenant_id)).key.name == "till"


async def test_the_name_of_an_expired_key_is_free(make_key: KeyMaker, tenant_id: str) -> None:
    soon = NOW + timedelta(hours=1)
    await make_key(tenant_id, expires_at=soon)

    assert (await make_key(tenant_id, now=soon)).key.name == "till"


async def test_one_of_ten_makers_of_one_name_wins(make_key: KeyMaker, tenant_id: str) -> None:
    outcomes = await asyncio.gather(*(make_key(tenant_id) for _ in range(10)), return_exceptions=True)

    assert sum(isinstance(outcome, KeyExists) for outcome in outcomes) == 9


async def test_a_maker_cannot_grant_what_it_does_not_hold(make_key: KeyMaker, tenant_id: str) -> None:
    maker = Caller(tenant_id, "key:abc", frozenset({"Access.Write", "Pass.Read"}))

    await make_key(tenant_id, scopes=frozenset({"Pass.Read"}), caller=maker)
    with pytest.raises(ScopeNotHeld, match=r"Pass\.Write"):
        await make_key(tenant_id, "second", frozenset({"Pass.Write"}), caller=maker)
    with pytest.raises(ScopeNotHeld):
        await make_key(tenant_id, "third", frozenset({"*"}), caller=maker)


async def test_a_key_is_not_made_expired(make_key: KeyMaker, tenant_id: str) -> None:
    with pytest.raises(KeyExpiryPast):
        await make_key(tenant_id, expires_at=NOW)


async def test_the_number_of_good_keys_is_bounded(
    make_key: KeyMaker, owner: "asyncpg.Connection[asyncpg.Record]", tenant_id: str
) -> None:
    await owner.execute(
        "INSERT INTO api_key (tenant_id, key_id, name, digest, scopes, created_at, created_by)"
        " SELECT $1, n::text, 'n' || n, '', '{*}', $2, 'test' FROM generate_series(1, 1000) AS n",
        tenant_id,
        NOW,
    )

    with pytest.raises(TooManyKeys):
        await make_key(tenant_id)


async def test_keys_are_listed_in_pages_with_what_became_of_them(
    make_key: KeyMaker, database: Database, tenant_id: str
) -> None:
    for number in range(3):
        await make_key(tenant_id, f"till {number}", now=NOW + timedelta(seconds=number))

    async with database.tenant(tenant_id) as tx:
        revoked = await revoke_key(tx, name="till 1", caller=operator(tenant_id), now=NOW)
        first = await list_keys(tx, limit=2)
        second = await list_keys(tx, after=first[-1].key_id, limit=2)
        none = await list_keys(tx, after="no such key")

    assert [key.name for key in [*first, *second]] == ["till 0", "till 1", "till 2"]
    assert first[1] == revoked
    assert not revoked.is_good(NOW)
    assert none == []


async def test_a_key_is_revoked_once(make_key: KeyMaker, database: Database, tenant_id: str) -> None:
    await make_key(tenant_id)

    async with database.tenant(tenant_id) as tx:
        await revoke_key(tx, name="till", caller=operator(tenant_id), now=NOW)
        with pytest.raises(KeyNotFound):
            await revoke_key(tx, name="till", caller=operator(tenant_id), now=NOW)


async def test_another_tenant_sees_and_revokes_no_key_even_without_naming_itself(
    make_key: KeyMaker, database: Database, tenant_id: str, other_tenant_id: str
) -> None:
    await make_key(tenant_id)

    async with database.tenant(other_tenant_id) as tx:
        assert await tx.value("SELECT count(*) FROM api_key") == 0
        assert await tx.execute("UPDATE api_key SET scopes = '{*}'") == 0
        with pytest.raises(KeyNotFound):
            await revoke_key(tx, name="till", caller=operator(other_tenant_id), now=NOW)


async def test_the_application_cannot_delete_keys(database: Database, tenant_id: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.tenant(tenant_id) as tx:
            await tx.execute("DELETE FROM api_key")


def test_key_ids_are_known_as_ours_for_their_tenant_and_this_pepper_only(master_key: MasterKey) -> None:
    pepper = KeyPepper(master_key)
    key_id = pepper.new_key_id("demo")

    assert pepper.has_made(KeyName("demo", key_id))
    assert not pepper.has_made(KeyName("other", key_id))
    assert not KeyPepper(MasterKey(new_secret())).has_made(KeyName("demo", key_id))
    assert read_key_name(f"gk.demo.{key_id}.{new_secret()}") == KeyName("demo", key_id)


def test_a_digest_is_of_the_whole_text_and_of_this_pepper(master_key: MasterKey) -> None:
    pepper, other = KeyPepper(master_key), KeyPepper(MasterKey(new_secret()))

    digests = {
        pepper.digest("gk.a.b.c"),
        pepper.digest("gk.x.b.c"),
        pepper.digest("gk.a.x.c"),
        other.digest("gk.a.b.c"),
    }

    assert len(digests) == 4
