"""Every statement on privileges; what they are worth is read from the ledger's views."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.privileges.model import Privilege, PrivilegeState

LIST_MAX = 1_000
# A movement `e` as PrivilegeMovement of seed 001.
_MOVEMENT: LiteralString = """jsonb_strip_nulls(jsonb_build_object(
           'movementId', e.movement_id, 'value', trim_scale(0.000001 * e.amount),
           'date', to_char(e.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
           'remarks', e.remarks))"""
_DOCUMENTS: LiteralString = (
    """
SELECT p.pass_id, shown.documents, shown.count, shown.is_cut
  FROM unnest($2::text[]) AS wanted (pass_id)
  JOIN pass p ON p.tenant_id = $1 AND p.pass_id = wanted.pass_id AND p.voided_at IS NULL
 CROSS JOIN LATERAL (
       SELECT coalesce(json_agg(v.document ORDER BY v.priority DESC NULLS LAST, v.created_at, v.privilege_id),
                       '[]') AS documents, count(*) AS count, coalesce(bool_or(v.is_cut), false) AS is_cut
         FROM (SELECT r.priority, r.created_at, r.privilege_id, m.is_cut,
                      r.body || jsonb_strip_nulls(jsonb_build_object(
                          'privilegeId', r.privilege_id, 'type', r.type, 'priority', r.priority,
                          'deletionDate', to_char(r.deletion_date AT TIME ZONE 'UTC',
                                                  'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                          'data', jsonb_build_object(
                              'value', trim_scale(0.000001 * CASE
                                  WHEN $4::timestamptz IS NULL THEN b.value
                                  ELSE coalesce((SELECT e.value_after FROM ledger_movement e
                                                  WHERE e.tenant_id = $1 AND e.account_id = r.account_id
                                                    AND e.recorded_at <= $4
                                                  ORDER BY e.seq DESC LIMIT 1), 0) END),
                              'movements', coalesce(m.movements, '[]'), 'content', r.data_content)))
                      AS document
                 FROM (SELECT o.privilege_id, o.account_id, o.type, o.priority, o.body, o.data_content,
                              o.deletion_date, o.created_at
                         FROM privilege o
                        WHERE o.tenant_id = $1 AND o.pass_id = p.pass_id
                          AND (o.deletion_date IS NULL OR o.deletion_date > $3)
                          AND ($4::timestamptz IS NULL OR o.created_at <= $4)
                          AND ($5::text[] IS NULL OR o.privilege_id = ANY($5))
                        ORDER BY o.priority DESC NULLS LAST, o.created_at, o.privilege_id
                        LIMIT $6) AS r
                 JOIN ledger_balance b ON b.tenant_id = $1 AND b.account_id = r.account_id
                CROSS JOIN LATERAL (
                      SELECT min(e.seq) > 1 AS is_cut, jsonb_agg("""  # noqa: S608  # two constants of this file
    + _MOVEMENT
    + """ ORDER BY e.seq) AS movements
                        FROM (SELECT seq, movement_id, amount, occurred_at, remarks
                                FROM ledger_movement
                               WHERE tenant_id = $1 AND account_id = r.account_id
                                 AND ($4::timestamptz IS NULL OR recorded_at <= $4)
                               ORDER BY seq DESC LIMIT 1000) AS e) AS m) AS v) AS shown
"""
)


@dataclass(frozen=True, slots=True)
class Listed:
    """Privileges of a pass as JSON text, and how many they are.

    `is_cut`: one of them has seen more movements than a privilege tells.
    """

    text: str
    count: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class ToldMovement:
    """A movement as JSON text, and its number in the history of its privilege."""

    seq: int
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a privilege stands in the list of its pass; the lowest rank, and of those the oldest, comes first."""

    privilege_id: str
    rank: int
    created_at: datetime


async def list_documents(
    tx: Tx,
    pass_ids: Sequence[str],
    now: datetime,
    as_of: datetime | None = None,
    privilege_ids: Sequence[str] | None = None,
) -> dict[str, Listed]:
    """Give the privileges of passes as JSON text, one array per pass that exists: the first thousand, and one more.

    Priority high to low, missing last, then creation, then id; movements oldest first, the last thousand of them.
    With `as_of` the values and movements are those of that instant; with `privilege_ids` only those are given. The text
    is built where the rows are: building it here would cost twice as much (research/performance.md section 5).
    """
    records = await tx.records(_DOCUMENTS, tx.tenant_id, pass_ids, now, as_of, privilege_ids, LIST_MAX + 1)
    return {pass_id: Listed(documents, count, is_cut) for pass_id, documents, count, is_cut in records}


async def list_movements(
    tx: Tx, account_id: UUID, after_seq: int, last_seq: int | None, limit: int
) -> list[ToldMovement]:
    """Tell the movements of a privilege behind `after_seq`, oldest first; with `last_seq`, none that came later."""
    return await tx.all(
        ToldMovement,
        """
        SELECT e.seq, """  # noqa: S608  # two constants of this file
        + _MOVEMENT
        + """ AS text
          FROM ledger_movement e
         WHERE e.tenant_id = $1 AND e.account_id = $2 AND e.seq > $3 AND ($4::bigint IS NULL OR e.seq <= $4)
         ORDER BY e.seq LIMIT $5
        """,
        tx.tenant_id,
        account_id,
        after_seq,
        last_seq,
        limit,
    )


async def list_places(
    tx: Tx, pass_id: str, now: datetime, as_of: datetime | None, after: Place | None, limit: int
) -> list[Place]:
    """Give the places of a pass's privileges behind one of them, in the order of the list."""
    return await tx.all(
        Place,
        """
        SELECT v.privilege_id, v.rank, v.created_at
          FROM (SELECT privilege_id, coalesce(-priority::bigint, 2147483649) AS rank, created_at
                  FROM privilege
                 WHERE tenant_id = $1 AND pass_id = $2 AND (deletion_date IS NULL OR deletion_date > $3)
                   AND ($4::timestamptz IS NULL OR created_at <= $4)) AS v
         WHERE $5::bigint IS NULL OR (v.rank, v.created_at, v.privilege_id) > ($5, $6::timestamptz, $7::text)
         ORDER BY v.rank, v.created_at, v.privilege_id
         LIMIT $8
        """,
        tx.tenant_id,
        pass_id,
        now,
        as_of,
        None if after is None else after.rank,
        None if after is None else after.created_at,
        None if after is None else after.privilege_id,
        limit,
    )


async def list_states(tx: Tx, pass_id: str, now: datetime) -> list[PrivilegeState]:
    """Read what a pass's privileges say and are worth, without their histories; in the order in which they show."""
    return await tx.all(
        PrivilegeState,
        """
        SELECT r.privilege_id, r.type, r.priority, r.body, r.data_content, r.deletion_date, b.value
          FROM privilege r
          JOIN ledger_balance b ON b.tenant_id = $1 AND b.account_id = r.account_id
         WHERE r.tenant_id = $1 AND r.pass_id = $2 AND (r.deletion_date IS NULL OR r.deletion_date > $3)
         ORDER BY r.priority DESC NULLS LAST, r.created_at, r.privilege_id
         LIMIT 200
        """,
        tx.tenant_id,
        pass_id,
        now,
    )


async def find_version(tx: Tx, account_id: UUID) -> int:
    """Tell how many movements a privilege has seen."""
    version: int | None = await tx.value(
        "SELECT version FROM ledger_balance WHERE tenant_id = $1 AND account_id = $2", tx.tenant_id, account_id
    )
    return version or 0


async def find_privilege(tx: Tx, privilege_id: str) -> Privilege | None:
    """Read one privilege, hidden or not."""
    return await tx.maybe(
        Privilege,
        """
        SELECT privilege_id, pass_id, account_id, type, priority, body, data_content, deletion_date, created_at
          FROM privilege WHERE tenant_id = $1 AND privilege_id = $2
        """,
        tx.tenant_id,
        privilege_id,
    )


async def insert_privilege(tx: Tx, new: Privilege) -> bool:
    """Keep a new privilege; False when its id is taken."""
    inserted = await tx.execute(
        """
        INSERT INTO privilege (tenant_id, privilege_id, pass_id, account_id, type, priority, body, data_content,
                               deletion_date, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
        ON CONFLICT (tenant_id, privilege_id) DO NOTHING
        """,
        tx.tenant_id,
        new.privilege_id,
        new.pass_id,
        new.account_id,
        new.type,
        new.priority,
        new.body_text,
        new.data_content,
        new.deletion_date,
        new.created_at,
    )
    return inserted == 1


async def update_privilege(tx: Tx, changed: Privilege, now: datetime) -> None:
    """Keep the describing members of a privilege."""
    await tx.execute(
        """
        UPDATE privilege
           SET type = $3, priority = $4, body = $5, data_content = $6, deletion_date = $7, updated_at = $8
         WHERE tenant_id = $1 AND privilege_id = $2
        """,
        tx.tenant_id,
        changed.privilege_id,
        changed.type,
        changed.priority,
        changed.body_text,
        changed.data_content,
        changed.deletion_date,
        now,
    )


async def delete_privileges(tx: Tx, privileges: Sequence[Privilege]) -> None:
    """Drop privileges, but none that has been made anew under the same id; their entries stay in the ledger."""
    await tx.execute(
        """
        DELETE FROM privilege p
         USING unnest($2::text[], $3::uuid[]) AS gone (privilege_id, account_id)
         WHERE p.tenant_id = $1 AND p.privilege_id = gone.privilege_id AND p.account_id = gone.account_id
        """,
        tx.tenant_id,
        [privilege.privilege_id for privilege in privileges],
        [privilege.account_id for privilege in privileges],
    )


async def list_overdue(tx: Tx, now: datetime, limit: int) -> list[Privilege]:
    """Read privileges whose deletion date has passed, the longest overdue first."""
    return await tx.all(
        Privilege,
        """
        SELECT privilege_id, pass_id, account_id, type, priority, body, data_content, deletion_date, created_at
          FROM privilege
         WHERE tenant_id = $1 AND deletion_date <= $2
         ORDER BY deletion_date LIMIT $3
        """,
        tx.tenant_id,
        now,
        limit,
    )


async def first_deletion_after(tx: Tx, instant: datetime) -> datetime | None:
    """Read the first deletion date after an instant."""
    first: datetime | None = await tx.value(
        "SELECT min(deletion_date) FROM privilege WHERE tenant_id = $1 AND deletion_date > $2", tx.tenant_id, instant
    )
    return first


async def list_of_passes(tx: Tx, pass_ids: Sequence[str], limit: int) -> list[Privilege]:
    """Read privileges of several passes, hidden or not."""
    return await tx.all(
        Privilege,
        """
        SELECT privilege_id, pass_id, account_id, type, priority, body, data_content, deletion_date, created_at
          FROM privilege
         WHERE tenant_id = $1 AND pass_id = ANY($2::text[])
         ORDER BY account_id LIMIT $3
        """,
        tx.tenant_id,
        pass_ids,
        limit,
    )
