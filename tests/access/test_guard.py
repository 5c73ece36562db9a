from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

import httpx2
import pytest
from fastapi import FastAPI, Path
from joserfc.jwk import ECKey

from guerdon.access.authentication import Authenticator
from guerdon.access.guard import AllowanceHeaders, CallerDep, Guard, OptionalCallerDep
from guerdon.access.limits import RateLimits
from guerdon.access.tokens import mint_for_user
from guerdon.platform.addressing import AddressedRoutes, HotRoutes, address_book
from guerdon.platform.boundary import Boundary
from guerdon.platform.db import Database
from guerdon.platform.hot import HotAnswer, HotRequest, HotRoute
from guerdon.platform.http import PUBLIC, asks, install_problems, router
from guerdon.tenants.clocks import TenantClocks
from tests.access.builders import NOW, KeyMaker

USER = "9cbe650a-1fb7-4b06-912b-cead8a013e8b"
TENANT_LIMIT, ADDRESS_LIMIT = 5, 3
TenantId = Annotated[str, Path(alias="tenantId")]


async def closed(tenant_id: TenantId, caller: CallerDep) -> str:
    return f"{tenant_id} {caller.actor}"


async def public(tenant_id: TenantId, caller: OptionalCallerDep) -> str:
    return f"{tenant_id} {'a stranger' if caller is None else caller.actor}"


async def anywhere(caller: CallerDep) -> str:
    return caller.tenant_id


@pytest.fixture
async def http(authenticator: Authenticator, database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    limits = RateLimits(requests_per_minute=TENANT_LIMIT, anonymous_requests_per_minute=ADDRESS_LIMIT)
    guard = Guard(authenticator, limits, TenantClocks(database, lambda: NOW), seconds=lambda: 0.0)

    async def answer_hot(request: HotRequest) -> HotAnswer:
        caller = await guard.admit_hot(request, "Pass.Read")
        return HotAnswer(200, caller.actor.encode())

    made = router("", "Test")
    made.add_api_route("/api/{tenantId}/closed", closed, openapi_extra=asks("Pass.Read"))
    made.add_api_route("/api/{tenantId}/public", public, openapi_extra=asks(PUBLIC))
    made.add_api_route("/anywhere", anywhere, openapi_extra=asks("Pass.Read"))
    hot = [HotRoute("GET", "/api/{tenantId}/hot", "Pass.Read", answer_hot, {})]
    app = FastAPI(openapi_url=None)
    app.state.admit = guard.admit
    install_problems(app)
    addresses = address_book([made], hot)
    app.router.routes.append(AddressedRoutes(addresses))
    whole = Boundary(AllowanceHeaders(HotRoutes(app, addresses)), body_bytes_max=1_000)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(whole), base_url="http://shop.example") as client:
        yield client


PLACES = pytest.mark.parametrize("place", ["closed", "hot"])


@PLACES
async def test_a_good_key_is_admitted_and_told_what_is_left(
    http: httpx2.AsyncClient, make_key: KeyMaker, tenant_id: str, place: str
) -> None:
    key = await make_key(tenant_id, scopes=frozenset({"Pass.Read"}))

    answers = [
        await http.get(f"/api/{tenant_id}/{place}", headers={"x-api-key": key.text}) for _ in range(TENANT_LIMIT + 1)
    ]

    assert [answer.status_code for answer in answers] == [200] * TENANT_LIMIT + [429]
    assert f"key:{key.key.key_id}" in answers[0].text
    assert answers[0].headers["ratelimit"] == '"tenant";r=4;t=60'
    assert answers[-1].headers["ratelimit"] == '"tenant";r=0;t=60'
    assert answers[-1].headers["retry-after"] == "60"
    assert answers[-1].json()["code"] == "too_many_requests"


@PLACES
async def test_too_little_scope_is_403_and_another_tenant_is_404_whatever_the_scope(
    http: httpx2.AsyncClient, make_key: KeyMaker, tenant_id: str, other_tenant_id: str, place: str
) -> None:
    weak = {"x-api-key": (await make_key(tenant_id, scopes=frozenset({"Pass.Write"}))).text}

    assert (await http.get(f"/api/{tenant_id}/{place}", headers=weak)).status_code == 403
    assert (await http.get(f"/api/{other_tenant_id}/{place}", headers=weak)).status_code == 404
    assert (await http.get(f"/api/nobody/{place}", headers=weak)).status_code == 404
    assert (await http.get(f"/api/No'body/{place}", headers=weak)).status_code == 404


@PLACES
async def test_without_a_good_credential_there_is_401_and_soon_429(
    http: httpx2.AsyncClient, tenant_id: str, place: str
) -> None:
    address = f"/api/{tenant_id}/{place}"
    wrong = [{}, {"x-api-key": "gk.x"}, {"authorization": "Bearer x"}, {"authorization": "Basic eDp5"}]

    answers = [await http.get(address, headers=headers) for headers in wrong]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert "www-authenticate" in answers[0].headers
    assert answers[3].headers["ratelimit-policy"] == '"address";q=3;w=60'


async def test_a_flood_of_strangers_does_not_lock_out_the_tenant(
    http: httpx2.AsyncClient, make_key: KeyMaker, tenant_id: str
) -> None:
    key = {"x-api-key": (await make_key(tenant_id)).text}
    for _ in range(ADDRESS_LIMIT + 1):
        await http.get(f"/api/{tenant_id}/closed")

    assert (await http.get(f"/api/{tenant_id}/closed", headers=key)).status_code == 200


async def test_strangers_are_admitted_to_public_routes_and_counted(http: httpx2.AsyncClient, tenant_id: str) -> None:
    answers = [await http.get(f"/api/{tenant_id}/public") for _ in range(ADDRESS_LIMIT + 1)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].json() == f"{tenant_id} a stranger"
    assert answers[0].headers["ratelimit"] == '"address";r=2;t=60'


async def test_public_routes_know_their_callers_and_refuse_bad_credentials(
    http: httpx2.AsyncClient, make_key: KeyMaker, tenant_id: str
) -> None:
    key = await make_key(tenant_id)

    known = await http.get(f"/api/{tenant_id}/public", headers={"x-api-key": key.text})
    refused = await http.get(f"/api/{tenant_id}/public", headers={"x-api-key": key.text + "x"})

    assert known.json() == f"{tenant_id} key:{key.key.key_id}"
    assert refused.status_code == 401


async def test_somebody_of_another_tenant_is_a_stranger_on_public_routes(
    http: httpx2.AsyncClient, make_key: KeyMaker, tenant_id: str, other_tenant_id: str
) -> None:
    key = await make_key(tenant_id)

    answer = await http.get(f"/api/{other_tenant_id}/public", headers={"x-api-key": key.text})

    assert answer.json() == f"{other_tenant_id} a stranger"


async def test_credentials_of_devices_are_not_ours_to_judge(http: httpx2.AsyncClient, tenant_id: str) -> None:
    answer = await http.get(f"/api/{tenant_id}/public", headers={"authorization": "ApplePass abc"})

    assert answer.json() == f"{tenant_id} a stranger"


async def test_an_address_that_can_name_no_tenant_is_404_for_strangers_too(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/api/No'body/public")).status_code == 404


async def test_where_no_tenant_is_in_the_address_the_credential_names_it(
    http: httpx2.AsyncClient, make_key: KeyMaker, tenant_id: str
) -> None:
    key = await make_key(tenant_id)

    assert (await http.get("/anywhere", headers={"x-api-key": key.text})).json() == tenant_id


async def test_a_token_without_scopes_is_a_good_credential_with_too_little_scope(
    http: httpx2.AsyncClient, signing_key: ECKey, tenant_id: str
) -> None:
    token = mint_for_user(signing_key, tenant_id=tenant_id, uuid=USER, now=NOW, lifetime=timedelta(hours=1))
    headers = {"authorization": f"Bearer {token}"}

    assert (await http.get(f"/api/{tenant_id}/closed", headers=headers)).status_code == 403
    assert (await http.get(f"/api/{tenant_id}/public", headers=headers)).json().endswith(USER)
