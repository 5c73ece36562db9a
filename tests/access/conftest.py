import asyncpg
import pytest
from joserfc.jwk import ECKey

from guerdon.access.authentication import Authenticator
from guerdon.access.bearer import Issuer
from guerdon.access.keys import KeyPepper
from guerdon.access.tokens import make_signing_key, sandbox_issuer
from guerdon.platform.db import Database
from guerdon.platform.keys import MasterKey
from guerdon.platform.settings import read_settings
from tests.access.builders import HandClock, KeyMaker


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def signing_key() -> ECKey:
    return make_signing_key()


@pytest.fixture
def issuer(signing_key: ECKey, tenant_id: str) -> Issuer:
    return sandbox_issuer(signing_key, [tenant_id, f"{tenant_id}-x"])


@pytest.fixture
def authenticator(database: Database, master_key: MasterKey, issuer: Issuer, clock: HandClock) -> Authenticator:
    return Authenticator(database, master_key, [issuer], read_settings({}), clock)


@pytest.fixture
async def other_tenant_id(owner: "asyncpg.Connection[asyncpg.Record]", tenant_id: str) -> str:
    name = f"{tenant_id}-x"
    await owner.execute("INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, now())", name)
    return name


@pytest.fixture
def make_key(database: Database, master_key: MasterKey) -> KeyMaker:
    return KeyMaker(database, KeyPepper(master_key))
