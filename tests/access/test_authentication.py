import asyncio
from datetime import timedelta

import asyncpg
import pytest
from joserfc.jwk import ECKey

from guerdon.access.authentication import Authenticator
from guerdon.access.bearer import Issuer
from guerdon.access.key_uses import KeyUses
from guerdon.access.keys import revoke_key
from guerdon.access.model import Caller, KeyName, operator
from guerdon.access.tokens import mint_for_user
from guerdon.platform.db import Database
from guerdon.platform.ids import new_secret
from guerdon.platform.keys import MasterKey
from guerdon.platform.problems import Unauthenticated
from guerdon.platform.settings import read_settings
from guerdon.tenants.administration import set_requests_per_minute, set_tenant_status
from tests.access.builders import NOW, HandClock, KeyMaker

USER = "9cbe650a-1fb7-4b06-912b-cead8a013e8b"


def user_token(signing_key: ECKey, tenant_id: str) -> str:
    return mint_for_user(signing_key, tenant_id=tenant_id, uuid=USER, now=NOW, lifetime=timedelta(hours=1))


async def revoke(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await revoke_key(tx, name="till", caller=operator(tenant_id), now=NOW)


async def test_a_key_tells_who_calls(authenticator: Authenticator, make_key: KeyMaker, tenant_id: str) -> None:
    created = await make_key(tenant_id, scopes=frozenset({"Pass.Read", "Wallet.Read"}))

    caller = await authenticator.authenticate(None, created.text)

    assert caller == Caller(
        tenant_id, f"key:{created.key.key_id}", frozenset({"Pass.Read", "Wallet.Read"}), None, is_service=True
    )


async def test_a_key_is_read_from_either_header(
    authenticator: Authenticator, make_key: KeyMaker, tenant_id: str
) -> None:
    created = await make_key(tenant_id)

    by_header = await authenticator.authenticate(f"ApiKey {created.text}", None)

    assert by_header == await authenticator.authenticate(None, created.text)


async def test_a_key_is_found_again_without_the_database_for_five_seconds(
    authenticator: Authenticator, make_key: KeyMaker, clock: HandClock, tenant_id: str
) -> None:
    created = await make_key(tenant_id)
    assert authenticator.find_cached(created.text) is None
    caller = await authenticator.authenticate(None, created.text)

    clock.pass_time(seconds=4.9)
    assert authenticator.find_cached(created.text) == caller
    clock.pass_time(seconds=0.1)
    assert authenticator.find_cached(created.text) is None


async def test_a_remembered_key_helps_no_other_secret(
    authenticator: Authenticator, make_key: KeyMaker, tenant_id: str
) -> None:
    created = await make_key(tenant_id)
    await authenticator.authenticate(None, created.text)
    wrong = f"{created.key.prefix}.{new_secret()}"

    assert authenticator.find_cached(wrong) is None
    with pytest.raises(Unauthenticated, match="not known"):
        await authenticator.authenticate(None, wrong)


async def test_a_revoked_key_is_accepted_no_longer_than_the_cache_says(
    authenticator: Authenticator, make_key: KeyMaker, database: Database, clock: HandClock, tenant_id: str
) -> None:
    created = await make_key(tenant_id)
    await authenticator.authenticate(None, created.text)
    await revoke(database, tenant_id)

    clock.pass_time(seconds=5)

    with pytest.raises(Unauthenticated, match="revoked"):
        await authenticator.authenticate(None, created.text)


@pytest.mark.parametrize("by_name", [True, False])
async def test_a_forgotten_key_is_looked_up_at_once(
    authenticator: Authenticator, make_key: KeyMaker, database: Database, tenant_id: str, by_name: bool
) -> None:
    created = await make_key(tenant_id)
    await authenticator.authenticate(None, created.text)
    await revoke(database, tenant_id)

    if by_name:
        authenticator.forget(tenant_id, created.key.key_id)
    else:
        authenticator.forget_all()

    assert authenticator.find_cached(created.text) is None
    with pytest.raises(Unauthenticated, match="revoked"):
        await authenticator.authenticate(None, created.text)


async def test_a_look_that_began_before_a_revocation_is_not_remembered(
    authenticator: Authenticator,
    make_key: KeyMaker,
    owner: "asyncpg.Connection[asyncpg.Record]",
    tenant_id: str,
) -> None:
    created = await make_key(tenant_id)

    async with owner.transaction():
        await owner.execute("LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE")
        under_way = asyncio.create_task(authenticator.authenticate(None, created.text))
        await asyncio.sleep(0.05)
        assert not under_way.done()
        authenticator.forget_all()
    await under_way

    assert authenticator.find_cached(created.text) is None


async def test_a_look_goes_on_when_the_request_that_began_it_is_given_up(
    authenticator: Authenticator,
    make_key: KeyMaker,
    owner: "asyncpg.Connection[asyncpg.Record]",
    tenant_id: str,
) -> None:
    created = await make_key(tenant_id)

    async with owner.transaction():
        await owner.execute("LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE")
        first, second = (asyncio.create_task(authenticator.authenticate(None, created.text)) for _ in range(2))
        await asyncio.sleep(0.05)
        first.cancel()

    assert (await second).tenant_id == tenant_id


async def test_a_key_expires_at_its_instant_also_when_remembered(
    authenticator: Authenticator, make_key: KeyMaker, clock: HandClock, tenant_id: str
) -> None:
    created = await make_key(tenant_id, expires_at=NOW + timedelta(seconds=2))
    await authenticator.authenticate(None, created.text)

    clock.pass_time(seconds=2)

    assert authenticator.find_cached(created.text) is None
    with pytest.raises(Unauthenticated, match="expired"):
        await authenticator.authenticate(None, created.text)


async def test_a_key_of_one_tenant_is_worth_nothing_under_another_name(
    authenticator: Authenticator, make_key: KeyMaker, tenant_id: str, other_tenant_id: str
) -> None:
    created = await make_key(tenant_id)
    moved = created.text.replace(f"gk.{tenant_id}.", f"gk.{other_tenant_id}.")

    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(None, moved)


async def test_a_key_is_worth_nothing_under_another_master_key(
    make_key: KeyMaker, database: Database, clock: HandClock, tenant_id: str
) -> None:
    created = await make_key(tenant_id)
    elsewhere = Authenticator(database, MasterKey(new_secret()), [], read_settings({}), clock)

    with pytest.raises(Unauthenticated):
        await elsewhere.authenticate(None, created.text)


async def test_keys_and_tokens_of_a_disabled_tenant_are_refused(
    authenticator: Authenticator,
    make_key: KeyMaker,
    owner: "asyncpg.Connection[asyncpg.Record]",
    signing_key: ECKey,
    tenant_id: str,
) -> None:
    created = await make_key(tenant_id)
    await set_tenant_status(owner, tenant_id, "disabled")

    for authorization, key in ((None, created.text), (f"Bearer {user_token(signing_key, tenant_id)}", None)):
        with pytest.raises(Unauthenticated, match="disabled"):
            await authenticator.authenticate(authorization, key)


async def test_a_tenant_that_is_not_there_is_looked_for_once_in_five_seconds(
    authenticator: Authenticator, owner: "asyncpg.Connection[asyncpg.Record]", clock: HandClock, tenant_id: str
) -> None:
    late = f"{tenant_id}-late"
    before = await authenticator.serves(late)
    await owner.execute("INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, now())", late)
    clock.pass_time(seconds=4)
    remembered = await authenticator.serves(late)
    clock.pass_time(seconds=2)

    assert (before, remembered, await authenticator.serves(late)) == (False, False, True)


async def test_a_token_tells_who_calls(
    authenticator: Authenticator, owner: "asyncpg.Connection[asyncpg.Record]", signing_key: ECKey, tenant_id: str
) -> None:
    await set_requests_per_minute(owner, tenant_id, 7)

    caller = await authenticator.authenticate(f"bearer {user_token(signing_key, tenant_id)}", None)

    assert caller == Caller(
        tenant_id, f"jwt:sandbox:{USER}", frozenset(), USER, is_service=False, requests_per_minute=7
    )


async def test_a_token_of_a_tenant_that_is_not_there_is_refused(
    authenticator: Authenticator, signing_key: ECKey, tenant_id: str
) -> None:
    token = user_token(signing_key, f"{tenant_id}-x")

    with pytest.raises(Unauthenticated, match="not known here"):
        await authenticator.authenticate(f"Bearer {token}", None)


async def test_two_credentials_of_one_tenant_speak_for_the_person(
    authenticator: Authenticator, make_key: KeyMaker, signing_key: ECKey, tenant_id: str
) -> None:
    created = await make_key(tenant_id)

    caller = await authenticator.authenticate(f"Bearer {user_token(signing_key, tenant_id)}", created.text)

    assert (caller.subject, caller.scopes) == (USER, frozenset())


async def test_two_credentials_of_two_tenants_are_refused(
    authenticator: Authenticator, make_key: KeyMaker, signing_key: ECKey, tenant_id: str, other_tenant_id: str
) -> None:
    created = await make_key(tenant_id)

    with pytest.raises(Unauthenticated, match="different tenants"):
        await authenticator.authenticate(f"Bearer {user_token(signing_key, other_tenant_id)}", created.text)


async def test_one_bad_credential_spoils_the_other(
    authenticator: Authenticator, make_key: KeyMaker, signing_key: ECKey, tenant_id: str
) -> None:
    created = await make_key(tenant_id)
    token = user_token(signing_key, tenant_id)

    for authorization, key in ((f"Bearer {token}", "nonsense"), ("Bearer nonsense", created.text)):
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(authorization, key)


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Digest x", "ApiKey", "\xff"])
async def test_what_is_no_credential_is_refused(authenticator: Authenticator, authorization: str | None) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await authenticator.authenticate(authorization, None)

    assert "WWW-Authenticate" in refused.value.headers


async def refuse_many(authenticator: Authenticator, owner: "asyncpg.Connection[asyncpg.Record]", *texts: str) -> None:
    """See keys refused while nobody can read the table of keys."""
    async with owner.transaction(), asyncio.timeout(5):
        await owner.execute("LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE")
        for text in texts:
            with pytest.raises(Unauthenticated):
                await authenticator.authenticate(None, text)


async def test_invented_keys_do_not_reach_the_database(
    authenticator: Authenticator, owner: "asyncpg.Connection[asyncpg.Record]", tenant_id: str
) -> None:
    await refuse_many(authenticator, owner, *(f"gk.{tenant_id}.{n:016d}.{new_secret()}" for n in range(100)))


async def test_a_flood_of_wrong_secrets_for_one_key_reaches_the_database_once(
    authenticator: Authenticator, make_key: KeyMaker, owner: "asyncpg.Connection[asyncpg.Record]", tenant_id: str
) -> None:
    prefix = (await make_key(tenant_id)).key.prefix
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(None, f"{prefix}.{new_secret()}")

    await refuse_many(authenticator, owner, *(f"{prefix}.{new_secret()}" for _ in range(100)))


async def test_a_key_id_that_is_ours_and_in_no_table_is_looked_up_once(
    authenticator: Authenticator, make_key: KeyMaker, owner: "asyncpg.Connection[asyncpg.Record]", tenant_id: str
) -> None:
    prefix = f"gk.{tenant_id}.{make_key.pepper.new_key_id(tenant_id)}"
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(None, f"{prefix}.{new_secret()}")

    await refuse_many(authenticator, owner, *(f"{prefix}.{new_secret()}" for _ in range(100)))


async def test_the_use_of_a_key_is_written_once_a_minute(
    authenticator: Authenticator, make_key: KeyMaker, database: Database, clock: HandClock, tenant_id: str
) -> None:
    created = await make_key(tenant_id)
    written: list[int] = []
    for _ in range(4):
        await authenticator.authenticate(None, created.text)
        written.append(await authenticator.uses.flush())
        clock.pass_time(seconds=30)

    async with database.tenant(tenant_id) as tx:
        last_used_at = await tx.value("SELECT last_used_at FROM api_key")
    assert written == [1, 0, 1, 0]
    assert last_used_at == NOW + timedelta(seconds=60)


async def test_a_remembered_key_is_used_too(
    authenticator: Authenticator, make_key: KeyMaker, clock: HandClock, tenant_id: str
) -> None:
    created = await make_key(tenant_id)
    await authenticator.authenticate(None, created.text)
    await authenticator.uses.flush()
    clock.pass_time(seconds=56)
    await authenticator.authenticate(None, created.text)
    assert await authenticator.uses.flush() == 0

    clock.pass_time(seconds=4)
    assert authenticator.find_cached(created.text) is not None

    assert await authenticator.uses.flush() == 1


async def test_an_earlier_use_that_is_written_later_hides_no_later_one(
    make_key: KeyMaker, database: Database, tenant_id: str
) -> None:
    name = KeyName(tenant_id, (await make_key(tenant_id)).key.key_id)
    slow, quick = KeyUses(database), KeyUses(database)
    slow.note(name, NOW)
    quick.note(name, NOW + timedelta(seconds=30))

    for uses in (quick, slow):
        await uses.flush()

    async with database.tenant(tenant_id) as tx:
        assert await tx.value("SELECT last_used_at FROM api_key") == NOW + timedelta(seconds=30)


async def test_a_refused_key_is_no_use(authenticator: Authenticator, make_key: KeyMaker, tenant_id: str) -> None:
    created = await make_key(tenant_id)
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(None, f"{created.key.prefix}.{new_secret()}")

    assert await authenticator.uses.flush() == 0


async def test_uses_are_written_when_the_flusher_is_stopped(
    authenticator: Authenticator, make_key: KeyMaker, database: Database, tenant_id: str
) -> None:
    created = await make_key(tenant_id)
    flusher = asyncio.create_task(authenticator.uses.keep_flushing())
    await authenticator.authenticate(None, created.text)

    flusher.cancel()
    await asyncio.wait([flusher])

    async with database.tenant(tenant_id) as tx:
        assert await tx.value("SELECT last_used_at FROM api_key") == NOW


async def test_without_a_cache_every_request_is_looked_up(
    make_key: KeyMaker, database: Database, master_key: MasterKey, issuer: Issuer, clock: HandClock, tenant_id: str
) -> None:
    strict = Authenticator(database, master_key, [issuer], read_settings({"GUERDON_KEY_CACHE_S": "0"}), clock)
    created = await make_key(tenant_id)
    await strict.authenticate(None, created.text)
    await revoke(database, tenant_id)

    assert strict.find_cached(created.text) is None
    with pytest.raises(Unauthenticated):
        await strict.authenticate(None, created.text)
