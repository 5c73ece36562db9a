"""The sessions of PostgreSQL: what each begins with, and how it comes back to the pool."""

from typing import TYPE_CHECKING, Final, cast

import structlog

from guerdon.platform.cores import SharedCore
from guerdon.platform.line import Connection as LinedConnection

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

APPLICATION_ROLE: Final = "guerdon_app"
STATEMENT_TIMEOUT_MS: Final = 30_000
# A line that says nothing for minutes is forgotten by firewalls and balancers, and whoever uses it next waits for a
# quarter of an hour. So the server says something every minute, and gives up a peer that answers nothing.
KEEPALIVE: Final = {"tcp_keepalives_idle": "60", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}

log = structlog.get_logger("guerdon.platform")


def session_settings(lock_timeout_ms: int) -> dict[str, str]:
    """Say what holds in a session of the application from its beginning."""
    return {
        "application_name": "guerdon",
        "role": APPLICATION_ROLE,
        "timezone": "UTC",
        "statement_timeout": str(STATEMENT_TIMEOUT_MS),
        "lock_timeout": str(lock_timeout_ms),
        "idle_in_transaction_session_timeout": str(STATEMENT_TIMEOUT_MS),
        "jit": "off",
        **KEEPALIVE,
    }


async def prepare_session(core: SharedCore | None, connection: "Connection") -> None:
    """Make a new session ready, and add it to a core, where one is given."""
    # JSON travels as text: what is stored is sent on as it is, and exact numbers never become floats.
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, encoder=str, decoder=str, schema="pg_catalog")
    if core is not None:
        _share(core, connection)


async def settle_session(connection: "Connection") -> None:
    """Bring a session that comes back to where the next one may take it.

    Settings are left behind on none, so the pool's reset query, a round trip and a transaction each time, is left out.
    """
    # A statement was prepared, and given up before it was run. Its time would run on, and it would hold its tables.
    if cast("LinedConnection", connection).line.is_halfway:
        await connection.execute("SELECT")


def _share(core: SharedCore, connection: "Connection") -> None:
    process = connection.get_server_pid()
    if core.add(process, cast("LinedConnection", connection).line.get_extra_info("socket")):
        connection.add_termination_listener(lambda _: core.remove(process))
    else:
        log.info("no core is shared: the database runs elsewhere, or as a user whose processes we may not place")
