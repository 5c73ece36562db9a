import uuid
from datetime import UTC, datetime

import asyncpg
import pytest


@pytest.fixture
async def other_tenant_id(owner: "asyncpg.Connection[asyncpg.Record]") -> str:
    """A neighbour, whose rows must never be seen or touched."""
    name = f"o-{uuid.uuid4().hex[:16]}"
    await owner.execute("INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, $2)", name, datetime.now(UTC))
    return name
