"""The members of metadata as rows of their own, by which passes are searched."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from guerdon.platform.db import Tx


@dataclass(frozen=True, slots=True)
class SharedMembers:
    """Members that many passes get: JSON text, the names in it that are to have rows, and names that are to have none.

    Texts, numbers and booleans under names of up to 100 characters have rows.
    """

    text: str
    names: Sequence[str]
    lost: Sequence[str]


@dataclass(frozen=True, slots=True)
class SearchGap:
    """Which passes have no row yet under some name that is to have one, and which have one under a name that goes."""

    lacking: Sequence[str]
    losing: Sequence[str]

    def among(self, pass_ids: Collection[str]) -> "SearchGap":
        """Give the gap among these passes alone."""
        kept = set(pass_ids)
        return SearchGap([one for one in self.lacking if one in kept], [one for one in self.losing if one in kept])


async def refresh_metadata(tx: Tx, pass_ids: Sequence[str]) -> None:
    """Make the rows of passes what their metadata says, touching only those that differ.

    The passes are locked, or new. Texts, numbers and booleans under names of up to 100 characters have rows, cut to
    500 characters; lists and objects have none (migrations/0006).
    """
    await tx.execute(
        """
        WITH wanted AS MATERIALIZED (
            SELECT p.pass_id, w.key AS name, left(w.value #>> '{}', 500) AS value,
                   jsonb_typeof(w.value) = 'number' AS is_number
              FROM pass p, jsonb_each(p.metadata) AS w
             WHERE p.tenant_id = $1 AND p.pass_id = ANY($2::text[])
               AND jsonb_typeof(w.value) IN ('string', 'number', 'boolean')
        )
        DELETE FROM pass_metadata m
         WHERE m.tenant_id = $1 AND m.pass_id = ANY($2::text[])
           AND NOT EXISTS (
               SELECT FROM wanted w
                WHERE w.pass_id = m.pass_id AND w.name = m.name AND w.value = m.value
                  AND w.is_number = (m.number IS NOT NULL))
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


async def lock_and_compare(tx: Tx, pass_ids: Sequence[str], members: SharedMembers) -> SearchGap:
    """Hold the rows of passes in id order until the transaction ends, and tell which search rows come and go.

    What stands in a pass is taken for what stands in its search rows: they change together.
    """
    gap = await tx.maybe(
        SearchGap,
        """
        WITH held AS MATERIALIZED (
            SELECT pass_id, metadata FROM pass
             WHERE tenant_id = $1 AND pass_id = ANY($2::text[]) AND voided_at IS NULL
             ORDER BY pass_id FOR NO KEY UPDATE
        )
        SELECT coalesce(array_agg(pass_id) FILTER (WHERE EXISTS (
                   SELECT FROM unnest($3::text[]) AS m (name)
                    WHERE (jsonb_typeof(metadata -> m.name) IN ('string', 'number', 'boolean')) IS NOT TRUE
               )), '{}') AS lacking,
               coalesce(array_agg(pass_id) FILTER (WHERE metadata ?| $4::text[]), '{}') AS losing
          FROM held
        """,
        tx.tenant_id,
        pass_ids,
        members.names,
        members.lost,
    )
    assert gap is not None
    return gap


async def follow_members(tx: Tx, pass_ids: Sequence[str], members: SharedMembers, gap: SearchGap) -> None:
    """Make the rows of locked passes follow a change that was the same for all.

    It comes to what `refresh_metadata` would, and costs what changes, however many members a pass has.
    """
    if gap.losing:
        await _delete_members(tx, gap.losing, members.lost)
    if members.names:
        await _update_members(tx, pass_ids, members.text)
    if gap.lacking:
        await _insert_members(tx, gap.lacking, [members.text] * len(gap.lacking))


async def lock_and_compare_each(tx: Tx, pass_ids: Sequence[str], metadata: Sequence[str]) -> SearchGap:
    """Do what `lock_and_compare` does where each pass gets members of its own, as JSON text in the order of the ids."""
    gap = await tx.maybe(
        SearchGap,
        """
        WITH given AS MATERIALIZED (
            SELECT g.pass_id, g.metadata::jsonb AS metadata FROM unnest($2::text[], $3::text[]) AS g (pass_id, metadata)
        ), held AS MATERIALIZED (
            SELECT p.pass_id, p.metadata AS old, g.metadata AS new
              FROM given g
              JOIN pass p ON p.tenant_id = $1 AND p.pass_id = g.pass_id AND p.voided_at IS NULL
             ORDER BY p.pass_id FOR NO KEY UPDATE OF p
        )
        SELECT coalesce(array_agg(pass_id) FILTER (WHERE EXISTS (
                   SELECT FROM jsonb_each(new) AS m
                    WHERE jsonb_typeof(m.value) IN ('string', 'number', 'boolean')
                      AND (jsonb_typeof(old -> m.key) IN ('string', 'number', 'boolean')) IS NOT TRUE
               )), '{}') AS lacking,
               coalesce(array_agg(pass_id) FILTER (WHERE EXISTS (
                   SELECT FROM jsonb_each(new) AS m
                    WHERE jsonb_typeof(m.value) NOT IN ('string', 'number', 'boolean') AND old ? m.key
               )), '{}') AS losing
          FROM held
        """,
        tx.tenant_id,
        pass_ids,
        metadata,
    )
    assert gap is not None
    return gap


async def follow_each(tx: Tx, pass_ids: Sequence[str], metadata: Sequence[str], gap: SearchGap) -> None:
    """Make the rows of locked passes follow what each of them got, as `follow_members` does."""
    await tx.execute(
        """
        WITH given AS MATERIALIZED (
            SELECT g.pass_id, g.metadata::jsonb AS metadata FROM unnest($2::text[], $3::text[]) AS g (pass_id, metadata)
        )
        UPDATE pass_metadata m
           SET value = left(g.metadata ->> m.name, 500),
               number = CASE WHEN jsonb_typeof(g.metadata -> m.name) = 'number' THEN
                   least(greatest(round((g.metadata ->> m.name)::numeric, 300), -1e308), 1e308)::double precision END
          FROM given g
         WHERE m.tenant_id = $1 AND m.pass_id = g.pass_id
           AND jsonb_typeof(g.metadata -> m.name) IN ('string', 'number', 'boolean')
           AND (m.value <> left(g.metadata ->> m.name, 500)
                OR (m.number IS NOT NULL) <> (jsonb_typeof(g.metadata -> m.name) = 'number'))
        """,
        tx.tenant_id,
        pass_ids,
        metadata,
    )
    if gap.lacking:
        given = dict(zip(pass_ids, metadata, strict=True))
        await _insert_members(tx, gap.lacking, [given[pass_id] for pass_id in gap.lacking])
    if gap.losing:
        await refresh_metadata(tx, gap.losing)


async def _delete_members(tx: Tx, pass_ids: Sequence[str], names: Sequence[str]) -> None:
    await tx.execute(
        "DELETE FROM pass_metadata WHERE tenant_id = $1 AND pass_id = ANY($2::text[]) AND name = ANY($3::text[])",
        tx.tenant_id,
        pass_ids,
        names,
    )


async def _update_members(tx: Tx, pass_ids: Sequence[str], members: str) -> None:
    # A row that stays the pass's own is not checked against the pass again, which an inserted one is.
    await tx.execute(
        """
        WITH wanted AS MATERIALIZED (
            SELECT w.key AS name, left(w.value #>> '{}', 500) AS value,
                   CASE WHEN jsonb_typeof(w.value) = 'number' THEN
                       least(greatest(round((w.value #>> '{}')::numeric, 300), -1e308), 1e308)::double precision
                   END AS number
              FROM jsonb_each($3::jsonb) AS w
             WHERE jsonb_typeof(w.value) IN ('string', 'number', 'boolean')
        )
        UPDATE pass_metadata m
           SET value = w.value, number = w.number
          FROM wanted w
         WHERE m.tenant_id = $1 AND m.pass_id = ANY($2::text[]) AND m.name = w.name
           AND (m.value <> w.value OR (m.number IS NOT NULL) <> (w.number IS NOT NULL))
        """,
        tx.tenant_id,
        pass_ids,
        members,
    )


async def _insert_members(tx: Tx, pass_ids: Sequence[str], members: Sequence[str]) -> None:
    await tx.execute(
        """
        INSERT INTO pass_metadata (tenant_id, name, value, number, pass_id)
        SELECT $1, w.key, left(w.value #>> '{}', 500),
               CASE WHEN jsonb_typeof(w.value) = 'number' THEN
                   least(greatest(round((w.value #>> '{}')::numeric, 300), -1e308), 1e308)::double precision END,
               g.pass_id
          FROM unnest($2::text[], $3::text[]) AS g (pass_id, members), jsonb_each(g.members::jsonb) AS w
         WHERE jsonb_typeof(w.value) IN ('string', 'number', 'boolean') AND length(w.key) BETWEEN 1 AND 100
        ON CONFLICT (tenant_id, name, value, pass_id) DO NOTHING
        """,
        tx.tenant_id,
        pass_ids,
        members,
    )
