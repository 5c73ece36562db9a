"""Where races are run: tenants of one ledger, and of one whole application, opened as they are needed."""

import itertools
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import httpx2
import pytest

from guerdon.entrypoints.api import build_app
from guerdon.entrypoints.house import House
from guerdon.ledger.verifying import verify_tenant
from guerdon.platform.db import Database
from tests.ledger.invariants import broken
from tests.prove.courses import Ledger, posters_of_three_processes
from tests.prove.rounds import FEW, MANY, Rounds
from tests.prove.tills import Tills
from tests.shops import open_shop

OpenTenant = Callable[[], Awaitable[str]]


@pytest.fixture(
    params=[
        pytest.param(FEW, id="few"),
        pytest.param(MANY, id="many", marks=[pytest.mark.prove, pytest.mark.timeout(0)]),
    ]
)
def count(request: pytest.FixtureRequest) -> int:
    """How many rounds."""
    return request.param


@pytest.fixture
def open_tenant(owner: "asyncpg.Connection[asyncpg.Record]") -> OpenTenant:
    """A way to one more tenant of this test alone."""

    async def opened() -> str:
        name = f"t-{uuid.uuid4().hex[:16]}"
        await owner.execute(
            "INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, $2)", name, datetime.now(UTC)
        )
        return name

    return opened


@pytest.fixture
def at_the_ledger(
    request: pytest.FixtureRequest,
    owner: "asyncpg.Connection[asyncpg.Record]",
    database: Database,
    open_tenant: OpenTenant,
    count: int,
) -> Rounds[Ledger]:
    """Rounds among the posters of three processes."""
    posters = posters_of_three_processes(database)
    turns = itertools.count()

    async def opened() -> Ledger:
        return Ledger(database, await open_tenant(), posters, turns)

    async def sound(ledger: Ledger) -> None:
        await prove_sound(owner, database, ledger.tenant_id)

    return Rounds(request.node.name, count, opened, sound)


@pytest.fixture
def over_http(
    request: pytest.FixtureRequest,
    owner: "asyncpg.Connection[asyncpg.Record]",
    house: House,
    http: httpx2.AsyncClient,
    open_tenant: OpenTenant,
    count: int,
) -> Rounds[Tills]:
    """Rounds among tills that ask the whole application."""
    app = build_app(house)

    async def opened() -> Tills:
        shop = await open_shop(house, http, await open_tenant())
        return Tills(app, shop)

    async def sound(tills: Tills) -> None:
        await prove_sound(owner, house.database, tills.shop.tenant_id)

    return Rounds(request.node.name, count, opened, sound)


async def prove_sound(owner: "asyncpg.Connection[asyncpg.Record]", database: Database, tenant_id: str) -> None:
    """Replay a tenant's ledger, and hold its sums against each other."""
    await owner.execute("ANALYZE")
    assert (await verify_tenant(database, tenant_id)).findings == []
    assert await broken(database, tenant_id) == []
