from datetime import timedelta

import pytest
from joserfc.jwk import ECKey

from guerdon.access.bearer import BearerTokens
from guerdon.access.tokens import (
    mint_for_customer,
    mint_for_user,
    pem_of,
    sandbox_issuer,
    signing_key_from_pem,
)
from guerdon.platform.problems import Unauthenticated
from tests.access.builders import NOW

HOUR = timedelta(hours=1)
USER = "9cbe650a-1fb7-4b06-912b-cead8a013e8b"


async def test_a_customer_of_the_sandbox_reads_what_is_theirs(signing_key: ECKey) -> None:
    tokens = BearerTokens([sandbox_issuer(signing_key, ["demo"])])
    token = mint_for_customer(signing_key, tenant_id="demo", customer_id=1, now=NOW, lifetime=HOUR)

    caller = await tokens.check(token, NOW)

    assert (caller.subject, caller.scopes, caller.is_service) == ("1", frozenset({"Customer.Read"}), False)


async def test_a_user_of_the_sandbox_has_no_role(signing_key: ECKey) -> None:
    tokens = BearerTokens([sandbox_issuer(signing_key, ["demo"])])
    token = mint_for_user(signing_key, tenant_id="demo", uuid=USER, now=NOW, lifetime=HOUR)

    caller = await tokens.check(token, NOW)

    assert (caller.subject, caller.scopes, caller.is_service) == (USER, frozenset(), False)


async def test_a_token_is_good_for_its_lifetime_and_a_minute(signing_key: ECKey) -> None:
    tokens = BearerTokens([sandbox_issuer(signing_key, ["demo"])])
    token = mint_for_user(signing_key, tenant_id="demo", uuid=USER, now=NOW, lifetime=HOUR)

    await tokens.check(token, NOW + HOUR + timedelta(seconds=59))
    with pytest.raises(Unauthenticated, match="expired"):
        await tokens.check(token, NOW + HOUR + timedelta(seconds=60))


async def test_the_sandbox_vouches_for_its_own_tenants_only(signing_key: ECKey) -> None:
    tokens = BearerTokens([sandbox_issuer(signing_key, ["demo"])])
    token = mint_for_user(signing_key, tenant_id="other", uuid=USER, now=NOW, lifetime=HOUR)

    with pytest.raises(Unauthenticated):
        await tokens.check(token, NOW)


async def test_a_key_is_kept_as_pem_and_the_issuer_knows_its_public_part_only(signing_key: ECKey) -> None:
    again = signing_key_from_pem(pem_of(signing_key))
    issuer = sandbox_issuer(signing_key, ["demo"])
    token = mint_for_user(again, tenant_id="demo", uuid=USER, now=NOW, lifetime=HOUR)

    assert (await BearerTokens([issuer]).check(token, NOW)).subject == USER
    key = await issuer.keys.find_key(None, "ES256", NOW)
    assert key is not None
    assert not key.is_private
