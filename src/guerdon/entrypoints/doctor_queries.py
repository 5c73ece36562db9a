"""What the doctor asks of a database, as its owner."""

from dataclasses import dataclass
from datetime import datetime

from guerdon.entrypoints.home import Owner


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says of itself."""

    version: str
    version_number: int
    now: datetime
    connections_max: int
    connections: int
    unsafe: list[str]


async def read_server(owner: Owner) -> Server:
    """Read version, clock and connections, and which of the settings that keep a commit are off."""
    record = await owner.fetchrow(
        """
        SELECT current_setting('server_version'),
               current_setting('server_version_num')::integer,
               clock_timestamp(),
               current_setting('max_connections')::integer,
               (SELECT count(*)::integer FROM pg_stat_activity WHERE backend_type = 'client backend'),
               ARRAY(SELECT name || ' = ' || setting
                       FROM pg_settings
                      WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'
                      ORDER BY name)
        """
    )
    assert record is not None
    return Server(*record.values())


async def may_act_as(owner: Owner, role: str) -> bool:
    """Tell whether the owner may take a role that exists."""
    return bool(
        await owner.fetchval(
            """
            SELECT pg_has_role(
                     current_user,
                     oid,
                     CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END)
              FROM pg_roles
             WHERE rolname = $1
            """,
            role,
        )
    )


async def passes_row_security(owner: Owner, role: str) -> bool:
    """Tell whether a role is not bound by row-level security, so that tenants would see each other."""
    return bool(await owner.fetchval("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = $1", role))


async def list_unguarded_tables(owner: Owner) -> list[str]:
    """Name the tables of tenants that row-level security does not close."""
    records = await owner.fetch(
        """
        SELECT relation.relname
          FROM pg_class AS relation
          JOIN pg_attribute AS tenant ON tenant.attrelid = relation.oid AND tenant.attname = 'tenant_id'
         WHERE relation.relkind IN ('r', 'p') AND relation.relnamespace = 'public'::regnamespace
           AND NOT relation.relrowsecurity
         ORDER BY relation.relname
        """
    )
    return [record["relname"] for record in records]


async def count_held_jobs(owner: Owner) -> int:
    """Count the jobs that failed too often and wait for a person."""
    return int(await owner.fetchval("SELECT count(*) FROM queue.pgqueuer WHERE status = 'failed'") or 0)
