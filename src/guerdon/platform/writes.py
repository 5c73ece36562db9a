"""Writes that can be repeated safely: idempotency keys and dry runs, the same for every room.

IdempotencyMismatch  422  the key was used before, for another request
StillRunning         409  the first request with this key has not finished
Overtaken            409  others held or changed the same things for too long, or several times in a row
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import asyncpg

from guerdon.platform.db import Database, Tx
from guerdon.platform.problems import Conflict, InvalidRequest, Unprocessable

KEY_CHARACTERS_MAX = 255
KEPT_FOR = timedelta(days=30)
ATTEMPTS_MAX = 3
KEY_HEADER = "Idempotency-Key"
DRY_RUN_HEADER = "Guerdon-Dry-Run"
REPLAYED_HEADER = "Idempotency-Replayed"


class IdempotencyMismatch(Unprocessable):
    """The key was used before, for another request."""

    code = "idempotency_mismatch"

    def __init__(self, key: str) -> None:
        super().__init__(f"The idempotency key {key!r} was used for another request; choose a new one.")


class StillRunning(Conflict):
    """The first request with this key has not finished."""

    code = "still_running"

    def __init__(self) -> None:
        super().__init__("The first request with this idempotency key still runs; send it again shortly.")


class Overtaken(Conflict):
    """Others held or changed the same things for too long, or several times in a row."""

    code = "overtaken"

    def __init__(self) -> None:
        super().__init__("Others change the same things at this moment; nothing was done, send it again.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write answers, in the form that is kept for repeats."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    location: str | None = None
    is_replayed: bool = False


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a write was asked for; `fingerprint` is the SHA-256 of method, address and body."""

    idempotency_key: str | None
    fingerprint: bytes
    is_dry_run: bool


Work = Callable[[Tx], Awaitable[Answer]]


def read_write_options(method: str, address: bytes, headers: Mapping[bytes, bytes], body: bytes) -> WriteOptions:
    """Read the two headers that every write accepts. Raises InvalidRequest."""
    errors: dict[str, list[str]] = {}
    key = headers.get(b"idempotency-key")
    text = None if key is None else key.decode("latin-1")
    if text is not None and not (1 <= len(text) <= KEY_CHARACTERS_MAX and text.isascii() and text.isprintable()):
        errors[KEY_HEADER] = [f"Send 1 to {KEY_CHARACTERS_MAX} printable ASCII characters."]
    dry_run = headers.get(b"guerdon-dry-run", b"false").strip().lower()
    if dry_run not in {b"true", b"false"}:
        errors[DRY_RUN_HEADER] = ["Send true or false."]
    if errors:
        raise InvalidRequest(errors)
    fingerprint = b"" if text is None else hashlib.sha256(b"\n".join((method.encode(), address, body))).digest()
    return WriteOptions(text, fingerprint, dry_run == b"true")


async def write_once(
    database: Database,
    tenant_id: str,
    options: WriteOptions,
    now: datetime,
    work: Work,
    *,
    kept_for: timedelta | None = KEPT_FOR,
) -> Answer:
    """Do `work` in one transaction, once per idempotency key, and keep its answer for 30 days; None keeps it for ever.

    A refusal rolls everything back, the key included. A twin that arrives meanwhile waits for the first. Work that
    loses a race (the same new id, a deadlock, Overtaken) is done again from the start and then finds what the others
    did. Raises IdempotencyMismatch, StillRunning, Overtaken, and what `work` raises.
    """
    try:
        for _ in range(ATTEMPTS_MAX - 1):
            with suppress(asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError, Overtaken):
                return await _write(database, tenant_id, options, now, work, kept_for)
        return await _write(database, tenant_id, options, now, work, kept_for)
    except (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError) as waiting:
        # Whoever has waited long is not made to wait as long again.
        raise Overtaken from waiting


async def _write(
    database: Database, tenant_id: str, options: WriteOptions, now: datetime, work: Work, kept_for: timedelta | None
) -> Answer:
    async with database.tenant(tenant_id, dry_run=options.is_dry_run, by_keys=True) as tx:
        return await answer_once(tx, options, now, work, kept_for)


async def answer_once(
    tx: Tx, options: WriteOptions, now: datetime, work: Work, kept_for: timedelta | None = KEPT_FOR
) -> Answer:
    """Do `work` in an open transaction, or give the answer that the same request got before; see `write_once`.

    For whoever decides what is tried again. Raises IdempotencyMismatch, StillRunning, and what `work` raises.
    """
    if options.idempotency_key is None:
        return await work(tx)
    earlier = await claim_key(tx, options.idempotency_key, options.fingerprint)
    if earlier is not None:
        return earlier
    answer = await work(tx)
    await _keep_answer(tx, options.idempotency_key, options.fingerprint, answer, now, kept_for)
    return answer


async def find_answer(database: Database, tenant_id: str, options: WriteOptions) -> Answer | None:
    """Give the answer that the same request got before: for work that is long before it comes to `write_once`.

    Raises IdempotencyMismatch.
    """
    key = options.idempotency_key
    if key is None:
        return None
    async with database.tenant(tenant_id) as tx:
        earlier = await find_kept_answers(tx, [key])
    return earlier[key].matching(key, options.fingerprint) if key in earlier else None


async def claim_key(tx: Tx, key: str, fingerprint: bytes) -> Answer | None:
    """Let no twin of this request begin before this one ends, or give the answer that an earlier one got.

    Nothing is written yet: whoever writes first and then waits for what another holds would stand before the other in
    the feed of events, which goes by the order of the first writes.
    Raises IdempotencyMismatch, StillRunning.
    """
    try:
        await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{tx.tenant_id} {key}")
    except asyncpg.LockNotAvailableError as waiting:
        raise StillRunning from waiting
    earlier = await find_kept_answers(tx, [key])
    return earlier[key].matching(key, fingerprint) if key in earlier else None


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The answer that a key got, and the request that it belongs to."""

    fingerprint: bytes
    answer: Answer

    def matching(self, key: str, fingerprint: bytes) -> Answer:
        """Give the answer again to the same request. Raises IdempotencyMismatch."""
        if fingerprint != self.fingerprint:
            raise IdempotencyMismatch(key)
        return replace(self.answer, is_replayed=True)


async def find_kept_answers(tx: Tx, keys: list[str]) -> dict[str, KeptAnswer]:
    """Read the kept answers of several keys."""
    records = await tx.records(
        """
        SELECT idempotency_key, fingerprint, status, media_type, location, body
          FROM idempotency
         WHERE tenant_id = $1 AND idempotency_key = ANY($2::text[]) AND status IS NOT NULL
        """,
        tx.tenant_id,
        keys,
    )
    return {
        key: KeptAnswer(fingerprint, Answer(status, body, media_type, location))
        for key, fingerprint, status, media_type, location, body in records
    }


async def keep_for_ever(tx: Tx, kept: list[tuple[str, bytes, Answer]], now: datetime) -> None:
    """Write the answers of value movements with their keys, in the transaction that moves the value.

    Raises asyncpg.UniqueViolationError when another request took one of the keys meanwhile.
    """
    await tx.execute(
        """
        INSERT INTO idempotency (tenant_id, idempotency_key, fingerprint, status, media_type, body, created_at)
        SELECT $1, key, fingerprint, status, 'application/json', body, $6
          FROM unnest($2::text[], $3::bytea[], $4::smallint[], $5::bytea[]) AS kept (key, fingerprint, status, body)
        """,
        tx.tenant_id,
        [key for key, _, _ in kept],
        [fingerprint for _, fingerprint, _ in kept],
        [answer.status for _, _, answer in kept],
        [answer.body for _, _, answer in kept],
        now,
    )


async def forget_old_keys(tx: Tx, now: datetime, keys_max: int) -> int:
    """Drop at most `keys_max` keys whose time is over, and tell how many."""
    return await tx.execute(
        """
        DELETE FROM idempotency
         WHERE tenant_id = $1 AND idempotency_key IN (
               SELECT idempotency_key FROM idempotency
                WHERE tenant_id = $1 AND kept_until < $2 ORDER BY kept_until LIMIT $3)
        """,
        tx.tenant_id,
        now,
        keys_max,
    )


async def _keep_answer(
    tx: Tx, key: str, fingerprint: bytes, answer: Answer, now: datetime, kept_for: timedelta | None
) -> None:
    await tx.execute(
        """
        INSERT INTO idempotency (tenant_id, idempotency_key, fingerprint, status, media_type, location, body,
                                 created_at, kept_until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        tx.tenant_id,
        key,
        fingerprint,
        answer.status,
        answer.media_type,
        answer.location,
        answer.body,
        now,
        None if kept_for is None else now + kept_for,
    )
