"""The members of metadata as rows of their own, by which passes are searched."""

from collections.abc import Sequence

from guerdon.platform.db import Tx


async def refresh_metadata(tx: Tx, pass_ids: Sequence[str]) -> None:
    """Make the rows of passes what their metadata says, touching only those that differ.

    The passes are locked, or new. Texts, numbers and booleans under names of up to 100 characters have rows, cut to
    500 characters; lists and objects have none (migrations/0006).
    """
    await tx.execute(
        """
        DELETE FROM pass_metadata m USING pass p
         WHERE m.tenant_id = $1 AND m.pass_id = ANY($2::text[])
           AND p.tenant_id = $1 AND p.pass_id = m.pass_id
           AND (jsonb_typeof(p.metadata -> m.name) IN ('string', 'number', 'boolean')
                AND left(p.metadata ->> m.name, 500) = m.value
                AND (m.number IS NOT NULL) = (jsonb_typeof(p.metadata -> m.name) = 'number')) IS NOT TRUE
        """,
        tx.tenant_id,
        pass_ids,
    )
    await tx.execute(
        """
        INSERT INTO pass_metadata (tenant_id, name, value, number, pass_id)
        SELECT $1, m.key, left(m.value #>> '{}', 500),
               CASE WHEN jsonb_typeof(m.value) = 'number' THEN
                   least(greatest(round((m.value #>> '{}')::numeric, 300), -1e308), 1e308)::double precision END,
               p.pass_id
          FROM pass p, jsonb_each(p.metadata) AS m
         WHERE p.tenant_id = $1 AND p.pass_id = ANY($2::text[])
           AND jsonb_typeof(m.value) IN ('string', 'number', 'boolean') AND length(m.key) BETWEEN 1 AND 100
        ON CONFLICT (tenant_id, name, value, pass_id) DO NOTHING
        """,
        tx.tenant_id,
        pass_ids,
    )


async def refresh_members(tx: Tx, pass_ids: Sequence[str], members: str, removed: Sequence[str]) -> None:
    """Make the rows of passes follow a change that was the same for all: members as JSON text, and removed names.

    It comes to what `refresh_metadata` would, and costs what the named members cost, however many a pass has.
    """
    await tx.execute(
        """
        DELETE FROM pass_metadata m
         WHERE m.tenant_id = $1 AND m.pass_id = ANY($2::text[])
           AND m.name = ANY($4::text[] || ARRAY(
               SELECT w.key FROM jsonb_each($3::jsonb) AS w
                WHERE jsonb_typeof(w.value) NOT IN ('string', 'number', 'boolean')))
        """,
        tx.tenant_id,
        pass_ids,
        members,
        removed,
    )
    await _set_members(tx, pass_ids, members)


async def _set_members(tx: Tx, pass_ids: Sequence[str], members: str) -> None:
    # A row that stays the pass's own is not checked against the pass again, which an inserted one is.
    await tx.execute(
        """
        UPDATE pass_metadata m
           SET value = left(w.value #>> '{}', 500),
               number = CASE WHEN jsonb_typeof(w.value) = 'number' THEN
                   least(greatest(round((w.value #>> '{}')::numeric, 300), -1e308), 1e308)::double precision END
          FROM jsonb_each($3::jsonb) AS w
         WHERE m.tenant_id = $1 AND m.pass_id = ANY($2::text[]) AND m.name = w.key
           AND (m.value <> left(w.value #>> '{}', 500)
                OR (m.number IS NOT NULL) <> (jsonb_typeof(w.value) = 'number'))
        """,
        tx.tenant_id,
        pass_ids,
        members,
    )
    await tx.execute(
        """
        INSERT INTO pass_metadata (tenant_id, name, value, number, pass_id)
        SELECT $1, w.key, left(w.value #>> '{}', 500),
               CASE WHEN jsonb_typeof(w.value) = 'number' THEN
                   least(greatest(round((w.value #>> '{}')::numeric, 300), -1e308), 1e308)::double precision END,
               p.pass_id
          FROM unnest($2::text[]) AS p (pass_id), jsonb_each($3::jsonb) AS w
         WHERE jsonb_typeof(w.value) IN ('string', 'number', 'boolean') AND length(w.key) BETWEEN 1 AND 100
        ON CONFLICT (tenant_id, name, value, pass_id) DO NOTHING
        """,
        tx.tenant_id,
        pass_ids,
        members,
    )
