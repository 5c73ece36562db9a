"""The usual application, to compare with: FastAPI, pydantic, and one transaction of six statements for each movement.

It does the same durable work as ours, chain and tenant check included, in the way in which one writes it first.
"""

import os
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated
from uuid import uuid4

import asyncpg
import msgspec
import uvicorn
from fastapi import FastAPI, Header, HTTPException, Request
from pydantic import BaseModel, Field

POOL = 8
TOLERANCE = 100


class Movement(BaseModel):
    """What is asked."""

    oldValue: float  # noqa: N815  # the name on the wire
    movementValue: float  # noqa: N815
    remarks: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class Moved(BaseModel):
    """What is answered."""

    movementId: str  # noqa: N815


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Hold a pool as it comes."""
    settings = {"role": "guerdon_app", "jit": "off"}
    async with asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=POOL, max_size=POOL, server_settings=settings
    ) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/readyz")
async def readyz() -> dict[str, str]:
    """Tell that the process serves."""
    return {"status": "ready"}


@app.post("/api/{tenant_id}/passes/privileges/{privilege_id}/movements")
async def move(
    request: Request, tenant_id: str, privilege_id: str, movement: Movement, x_api_key: Annotated[str, Header()]
) -> Moved:
    """Apply a movement in one transaction."""
    if not x_api_key:
        raise HTTPException(401)
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.tenant_id', $1, true)", tenant_id)
        account = await connection.fetchrow(
            "SELECT * FROM ledger_account WHERE tenant_id = $1 AND kind = 'privilege' AND owner_id = $2"
            " AND closed_at IS NULL FOR UPDATE",
            *(tenant_id, privilege_id),
        )
        if account is None:
            raise HTTPException(404)
        change = round(movement.movementValue * 1_000_000)
        if abs(account["value"] - round(movement.oldValue * 1_000_000)) > TOLERANCE:
            raise HTTPException(409, {"currentValue": account["value"] / 1_000_000})
        return await _write(connection, tenant_id, account, change, movement.remarks)


async def _write(
    connection: "asyncpg.Connection[asyncpg.Record]",
    tenant_id: str,
    account: asyncpg.Record,
    change: int,
    remarks: str | None,
) -> Moved:
    movement_id, now, actor = uuid4().hex, datetime.now(UTC), "key:bench"
    account_id, value, seq = account["account_id"], account["value"] + change, account["seq"] + 1
    said = f"{tenant_id}|{account_id}|{seq}|{change}|{value}|{movement_id}|{remarks}|{actor}|{now.isoformat()}"
    head = sha256(account["head"] + said.encode()).digest()
    await connection.execute(
        "INSERT INTO ledger_entry (tenant_id, account_id, seq, kind, amount, value_after, movement_id, remarks, actor,"
        " recorded_at, hash) VALUES ($1, $2, $3, 'move', $4, $5, $6, $7, $8, $9, $10)",
        *(tenant_id, account_id, seq, change, value, movement_id, remarks, actor, now, head),
    )
    await connection.execute(
        "UPDATE ledger_account SET value = $3, seq = $4, head = $5, moved_at = $6"
        " WHERE tenant_id = $1 AND account_id = $2",
        *(tenant_id, account_id, value, seq, head, now),
    )
    await connection.execute(
        "UPDATE pass SET revision = revision + 1, updated_at = $3 WHERE tenant_id = $1 AND pass_id = $2",
        *(tenant_id, account["subject_id"], now),
    )
    payload = msgspec.json.encode({"privilegeId": account["owner_id"], "movementId": movement_id, "value": value})
    await connection.execute(
        "INSERT INTO event (tenant_id, event_id, kind, subject_id, payload, actor, occurred_at)"
        " VALUES ($1, $2, 'Privilege:Moved', $3, $4, $5, $6)",
        *(tenant_id, uuid4(), account["subject_id"], payload.decode(), actor, now),
    )
    return Moved(movementId=movement_id)


if __name__ == "__main__":
    config = uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="warning")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[2]))])
