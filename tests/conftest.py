"""A real PostgreSQL for every test: a server and a database for each worker of a run, one tenant a test."""

import os
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx2
import pytest

from guerdon.delivery.apple.issuing import PassIssuer
from guerdon.entrypoints.api import build_app
from guerdon.entrypoints.house import House, open_house
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.db import Database, open_database
from guerdon.platform.embedded import temporary_postgres
from guerdon.platform.keys import MasterKey
from guerdon.platform.migrate import migrate
from guerdon.platform.settings import read_settings
from tests.clocks import Clock
from tests.shops import Shop, open_shop

# Set where all that the tests need is installed: there, a test that is skipped has failed.
IS_WHOLE = os.environ.get("GUERDON_TEST_WHOLE") == "1"
MASTER_KEY = "a master key for tests that has enough characters"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell a skip where there must be none as the failure that it is."""
    report = yield
    if IS_WHOLE and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and GUERDON_TEST_WHOLE says that nothing is: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the owner reaches a server: the one named, or an embedded one of this worker."""
    named = os.environ.get("GUERDON_TEST_DATABASE_URL")
    if named is not None:
        yield named
        return
    with temporary_postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@asynccontextmanager
async def fresh_database(server_url: str) -> AsyncGenerator[str]:
    """Make and migrate a database, and drop it at the end."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    server = await asyncpg.connect(server_url)
    await server.execute(f'CREATE DATABASE "{name}"')
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    await migrate(url)
    yield url
    await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await server.close()


@pytest.fixture(scope="session")
async def owner_url(server_url: str) -> AsyncIterator[str]:
    """A fresh, migrated database of this worker, as its owner."""
    async with fresh_database(server_url) as url:
        yield url


@pytest.fixture(scope="session")
async def owner(owner_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection that row-level security does not bind; for arranging tenants and for proofs."""
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def database(owner_url: str) -> AsyncIterator[Database]:
    """The application's pool, bound by row-level security."""
    opened = await open_database(owner_url, 10)
    yield opened
    await opened.close()


@dataclass(frozen=True)
class Alone:
    """A database that nobody else writes to, as its owner and as the application, and a tenant's name."""

    owner: "asyncpg.Connection[asyncpg.Record]"
    database: Database
    tenant_id: str


@pytest.fixture(scope="module")
async def alone(server_url: str) -> AsyncIterator[Alone]:
    """A database of this module's own, for looking at plans: statistics tell of nothing that other tests left."""
    async with fresh_database(server_url) as url:
        owner, opened = await asyncpg.connect(url), await open_database(url, 2)
        yield Alone(owner, opened, f"t-{uuid.uuid4().hex[:16]}")
        await opened.close()
        await owner.close()


@pytest.fixture(scope="session")
def master_key() -> MasterKey:
    return MasterKey(MASTER_KEY)


@pytest.fixture
async def tenant_id(owner: "asyncpg.Connection[asyncpg.Record]") -> str:
    """A tenant of this test alone."""
    name = f"t-{uuid.uuid4().hex[:16]}"
    await owner.execute("INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, $2)", name, datetime.now(UTC))
    return name


@pytest.fixture(scope="session")
async def house(owner_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One API process's rooms, in this process."""
    environment = {
        "DATABASE_URL": owner_url,
        "GUERDON_HOME": str(tmp_path_factory.mktemp("home")),
        "GUERDON_SECRET_KEY": MASTER_KEY,
        "GUERDON_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "GUERDON_ANONYMOUS_REQUESTS_PER_MINUTE": "1000000",
    }
    async with open_house(read_settings(environment)) as opened:
        yield opened


@pytest.fixture(scope="session")
async def http(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    """A way to ask the whole application without a socket."""
    transport = httpx2.ASGITransport(build_app(house), raise_app_exceptions=True)
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop.example") as client:
        yield client


@pytest.fixture
async def shop(house: House, http: httpx2.AsyncClient, tenant_id: str) -> Shop:
    """A furnished tenant of this test alone."""
    return await open_shop(house, http, tenant_id)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer(shop: Shop, clock: Clock) -> Iterator[PassIssuer]:
    """Whoever signs passes, by the test's clock."""
    made = PassIssuer(shop.house.database, shop.house.master_key, PassTypes(), clock, clock)
    yield made
    made.close()
