"""Every list of face B: each parameter has its effect or is refused, and what is cut tells where the rest is."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import asyncpg
import httpx2
import pytest
from tests.entrypoints.lists import LIMIT, LISTS, Furnished, furnish_lists, queries
from tests.shops import open_shop, problem

from guerdon.access.authentication import Authenticator
from guerdon.access.guard import Guard
from guerdon.access.limits import RateLimits
from guerdon.access.tokens import make_signing_key, mint_for_user, sandbox_issuer
from guerdon.entrypoints.api import build_app
from guerdon.entrypoints.house import House
from guerdon.platform.clock import utc_now
from guerdon.platform.faces import FACE_B


@pytest.fixture(scope="module")
async def furnished(
    house: House, owner: "asyncpg.Connection[asyncpg.Record]", tmp_path_factory: pytest.TempPathFactory
) -> Furnished:
    """One tenant for all: these tests only read."""
    tenant_id, user, key = f"t-{uuid.uuid4().hex[:16]}", str(uuid.uuid4()), make_signing_key()
    await owner.execute("INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, now())", tenant_id)
    issuer = sandbox_issuer(key, [tenant_id])
    authenticator = Authenticator(house.database, house.master_key, [issuer], house.settings, utc_now)
    limits = RateLimits(requests_per_minute=1_000_000, anonymous_requests_per_minute=1_000_000)
    opened = replace(house, authenticator=authenticator, guard=Guard(authenticator, limits, house.clock))
    transport = httpx2.ASGITransport(build_app(opened), raise_app_exceptions=True)
    http = httpx2.AsyncClient(transport=transport, base_url="http://shop.example")
    shop = await open_shop(opened, http, tenant_id)
    names = await furnish_lists(shop, tmp_path_factory.mktemp("lists"), user)
    token = mint_for_user(key, tenant_id=tenant_id, uuid=user, now=datetime.now(UTC), lifetime=timedelta(hours=1))
    return Furnished(shop, names, token)


async def test_the_table_has_every_list_and_the_document_offers_what_each_knows(furnished: Furnished) -> None:
    document = (await furnished.shop.http.get("/openapi.json")).json()
    offered = {
        path.removeprefix(FACE_B): {parameter["name"] for parameter in item["get"].get("parameters", ())}
        for path, item in document["paths"].items()
        if path.startswith(FACE_B) and "get" in item
    }
    lists = {path: names for path, names in offered.items() if "limit" in names}

    assert lists.keys() == LISTS.keys()
    for path, names in lists.items():
        known = LISTS[path]
        assert "cursor" in names, path
        assert ("_start" in names, "_end" in names) == (known.is_ranged, known.is_ranged), path
        assert ("_sort" in names, "_order" in names) == (bool(known.sorts), bool(known.sorts)), path


@pytest.mark.parametrize("path", LISTS)
async def test_each_parameter_alone_and_in_pairs_has_its_effect_or_is_refused(furnished: Furnished, path: str) -> None:
    known = LISTS[path]
    everything = (await furnished.read(path)).json()
    cursor = (await furnished.read(f"{path}?limit=1")).headers["guerdon-next-cursor"]
    assert len(everything) > LIMIT

    wrong: dict[str, str] = {}
    for asked in queries(known.sorts, cursor):
        query = urlencode(asked)
        answer = await furnished.read(f"{path}?{query}")
        if known.refuses(asked):
            said = _refusal(answer, asked)
        else:
            ordered = [one[known.name] for one in known.order(everything, asked)]
            # A cursor is the place of what stood last, whichever way the list goes on from there.
            first = ordered.index(everything[0][known.name]) + 1 if "cursor" in asked else int(asked.get("_start", 0))
            said = await _page(furnished, answer, asked, ordered[first:], known.name)
        if said:
            wrong[query] = said
    assert not wrong


@pytest.mark.parametrize("path", LISTS)
async def test_a_cursor_that_no_list_gave_is_refused(furnished: Furnished, path: str) -> None:
    refused = problem(await furnished.read(f"{path}?cursor=nonsense"))

    assert (refused["status"], refused["errors"].keys()) == (400, {"cursor"})


async def test_a_cursor_that_names_no_reward_is_refused_among_those_by_priority(furnished: Furnished) -> None:
    refused = problem(await furnished.read(f"/my/reward?cursor={uuid.uuid4()}"))

    assert (refused["status"], refused["errors"].keys()) == (400, {"cursor"})


def _refusal(answer: httpx2.Response, asked: Mapping[str, str]) -> str:
    if answer.status_code != 400:
        return f"answered {answer.status_code}"
    named = problem(answer)["errors"].keys()
    return "" if named and named <= asked.keys() else f"names {sorted(named)}"


async def _page(
    furnished: Furnished, answer: httpx2.Response, asked: Mapping[str, str], rest: list[Any], name: str
) -> str:
    if answer.status_code != 200:
        return answer.text
    start = int(asked.get("_start", 0))
    count = int(asked.get("limit", int(asked.get("_end", start + len(rest))) - start))
    total = answer.headers.get("x-total-count")
    told = {
        "items": [one[name] for one in answer.json()] == rest[:count],
        "total": "cursor" in asked or total in {None, str(start + len(rest))},
        "range has a total": total is not None or not asked.keys() & {"_start", "_end", "_sort"},
        "limit has a link": "link" in answer.headers or "limit" not in asked or count >= len(rest),
        "link leads to the rest": "link" not in answer.headers
        or [one[name] for one in await furnished.walk(answer)] == rest,
        "what is cut tells it": total is not None or "link" in answer.headers or count >= len(rest),
    }
    return ", ".join(what for what, is_so in told.items() if not is_so)
