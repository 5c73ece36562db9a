"""Calls on points wallets: attributes and balance, batches, operations, holds, statements, and one's own wallet."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

from guerdon_client.calls import OK, Answer, Call, as_of_query, path_of, write_headers
from guerdon_client.exact import ABSENT, Absent, instant_text, write_json
from guerdon_client.pages import Page, page_query
from guerdon_client.wallet_model import (
    Batch,
    BatchAccepted,
    Command,
    Hold,
    NewBatch,
    Operation,
    Rollback,
    StatementLine,
    Wallet,
    WalletId,
)
from guerdon_client.wallet_reading import (
    read_accepted,
    read_batch,
    read_batches,
    read_command,
    read_hold,
    read_holds,
    read_operation,
    read_operations,
    read_rollback,
    read_statement,
    read_wallet,
)

FACE: Final = ("wallet2-api", "api")
CREATED, ACCEPTED = 201, 202
PAGE_MAX: Final = 1_000
T = TypeVar("T")


def put_wallet(
    wallet_id: WalletId, attributes: Mapping[str, str], *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Wallet]:
    """Replace a wallet's attributes as a whole, or create it. Raises InvalidRequest."""
    return _write("PUT", _wallet(wallet_id), read_wallet, attributes, idempotency_key, dry_run, {OK, CREATED})


def merge_wallet(
    wallet_id: WalletId, attributes: Mapping[str, str], *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Wallet]:
    """Set the attributes that are not empty, or create the wallet. Raises InvalidRequest."""
    return _write("POST", _wallet(wallet_id), read_wallet, attributes, idempotency_key, dry_run, {OK, CREATED})


def get_wallet(wallet_id: WalletId, *, as_of: datetime | None = None) -> Call[Wallet]:
    """Read a wallet with its balance, now or at an instant. Raises NotFound."""
    return _read(_wallet(wallet_id), read_wallet, as_of_query(as_of))


def get_my_wallet(*, as_of: datetime | None = None) -> Call[Wallet]:
    """Read the wallet of the user whose token the client has. Raises NotFound."""
    return _read(path_of(*FACE, "my", "wallet"), read_wallet, as_of_query(as_of))


def create_my_wallet(*, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Wallet]:
    """Create the wallet of the user whose token the client has; one that is there stays as it is."""
    path = path_of(*FACE, "my", "wallet")
    return _write("POST", path, read_wallet, None, idempotency_key, dry_run, {OK, CREATED})


def add_batch(
    wallet_id: WalletId, batch: NewBatch, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Batch]:
    """Add a batch of points. Raises NotFound, InvalidRequest."""
    path = _wallet(wallet_id, "batch", "sync")
    return _write("POST", path, read_batch, batch, idempotency_key, dry_run, {CREATED})


def request_batch(
    wallet_id: WalletId, batch: NewBatch, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[BatchAccepted]:
    """Have a batch of points added; `get_command` tells what became of it. Raises NotFound, InvalidRequest."""
    return _write("POST", _wallet(wallet_id, "batch"), read_accepted, batch, idempotency_key, dry_run, {ACCEPTED})


def get_command(correlation_id: str) -> Call[Command]:
    """Tell how far an asynchronous write has come. Raises NotFound."""
    return _read(path_of(*FACE, "command", correlation_id), read_command)


def list_batches(
    wallet_id: WalletId, *, active: bool | None = None, cursor: str | None = None, limit: int = PAGE_MAX
) -> Call[Page[Batch]]:
    """List batches, the newest first, from a cursor on: those that live and are not empty, the others, or all.

    Raises NotFound.
    """
    query = [] if active is None else [("active", "true" if active else "false")]
    return _read(_wallet(wallet_id, "batch"), read_batches, [*query, *page_query(cursor, limit)])


def iter_batches(
    wallet_id: WalletId, *, active: bool | None = None, limit: int = PAGE_MAX
) -> Callable[[str | None], Call[Page[Batch]]]:
    """Walk through a wallet's batches, the newest first."""
    return lambda cursor: list_batches(wallet_id, active=active, cursor=cursor, limit=limit)


def spend(
    wallet_id: WalletId,
    amount: Decimal | int,
    *,
    order: str | None = None,
    venue: str | None = None,
    extra: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[Operation]:
    """Use points, soonest expiry first, all or nothing. Raises NotFound, Conflict, InvalidRequest."""
    body = _given({"amount": amount, "order": order, "venue": venue, "extra": extra})
    return _write("POST", _wallet(wallet_id, "operation"), read_operation, body, idempotency_key, dry_run, {CREATED})


def get_operation(wallet_id: WalletId, operation_id: str) -> Call[Operation]:
    """Read one operation. Raises NotFound."""
    return _read(_wallet(wallet_id, "operation", operation_id), read_operation)


def list_operations(wallet_id: WalletId, *, cursor: str | None = None, limit: int = PAGE_MAX) -> Call[Page[Operation]]:
    """List operations, the newest first, from a cursor on. Raises NotFound."""
    return _read(_wallet(wallet_id, "operation"), read_operations, page_query(cursor, limit))


def iter_operations(wallet_id: WalletId, *, limit: int = PAGE_MAX) -> Callable[[str | None], Call[Page[Operation]]]:
    """Walk through a wallet's operations, the newest first."""
    return lambda cursor: list_operations(wallet_id, cursor=cursor, limit=limit)


def change_operation(
    wallet_id: WalletId,
    operation_id: str,
    *,
    venue: str | Absent | None = ABSENT,
    extra: Mapping[str, str] | Absent | None = ABSENT,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[Operation]:
    """Change what is said of an operation; None clears. Raises NotFound, InvalidRequest."""
    body = {name: value for name, value in (("venue", venue), ("extra", extra)) if value is not ABSENT}
    path = _wallet(wallet_id, "operation", operation_id)
    return _write("PATCH", path, read_operation, body, idempotency_key, dry_run, {OK})


def roll_back(
    wallet_id: WalletId,
    operation_id: str,
    amount: Decimal | int | None = None,
    *,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[Rollback]:
    """Give an operation's points back to their batches, all or part of them. Raises NotFound, Conflict."""
    body = _given({"operation": operation_id, "amount": amount})
    path = _wallet(wallet_id, "operation", "rollback")
    return _write("POST", path, read_rollback, body, idempotency_key, dry_run, {OK})


def hold(
    wallet_id: WalletId,
    amount: Decimal | int,
    *,
    expires: datetime | None = None,
    order: str | None = None,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[Hold]:
    """Set points aside until they are captured or released, or their time is over. Raises NotFound, Conflict."""
    body = _given({"amount": amount, "expires": expires, "order": order})
    return _write("POST", _wallet(wallet_id, "hold"), read_hold, body, idempotency_key, dry_run, {CREATED})


def capture(
    wallet_id: WalletId,
    hold_id: str,
    amount: Decimal | int | None = None,
    *,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[Operation]:
    """Spend what a hold set aside, or part of it; the rest goes back. Raises NotFound, Conflict."""
    path = _wallet(wallet_id, "hold", hold_id, "capture")
    return _write("POST", path, read_operation, _given({"amount": amount}), idempotency_key, dry_run, {CREATED})


def release(
    wallet_id: WalletId, hold_id: str, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Hold]:
    """Give all that a hold set aside back. Raises NotFound, Conflict."""
    path = _wallet(wallet_id, "hold", hold_id, "release")
    return _write("POST", path, read_hold, None, idempotency_key, dry_run, {OK})


def get_hold(wallet_id: WalletId, hold_id: str) -> Call[Hold]:
    """Read one hold, open or not. Raises NotFound."""
    return _read(_wallet(wallet_id, "hold", hold_id), read_hold)


def list_holds(wallet_id: WalletId, *, cursor: str | None = None, limit: int = PAGE_MAX) -> Call[Page[Hold]]:
    """List open holds, the newest first. Raises NotFound."""
    return _read(_wallet(wallet_id, "hold"), read_holds, page_query(cursor, limit))


def list_statement(
    wallet_id: WalletId,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    as_of: datetime | None = None,
    cursor: str | None = None,
    limit: int = PAGE_MAX,
) -> Call[Page[StatementLine]]:
    """Give entries with the running balance, oldest first: from an instant on, before another. Raises NotFound."""
    instants = [(name, instant_text(one)) for name, one in (("from", since), ("to", until)) if one is not None]
    query = [*instants, *as_of_query(as_of), *page_query(cursor, limit)]
    return _read(_wallet(wallet_id, "statement"), read_statement, query)


def iter_statement(
    wallet_id: WalletId,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    as_of: datetime | None = None,
    limit: int = PAGE_MAX,
) -> Callable[[str | None], Call[Page[StatementLine]]]:
    """Walk through a statement, oldest first."""
    return lambda cursor: list_statement(wallet_id, since=since, until=until, as_of=as_of, cursor=cursor, limit=limit)


def _wallet(wallet_id: WalletId, *rest: str) -> str:
    return path_of(*FACE, "wallet", str(wallet_id), *rest)


def _given(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


def _read(path: str, read: Callable[[Answer], T], query: list[tuple[str, str]] | None = None) -> Call[T]:
    return Call("GET", path, read, query or [], is_of_server=True)


def _write(
    method: str,
    path: str,
    read: Callable[[Answer], T],
    body: object,
    idempotency_key: str | None,
    dry_run: bool,
    statuses: set[int],
) -> Call[T]:
    return Call(
        method,
        path,
        read,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        body=None if body is None else write_json(body),
        statuses=frozenset(statuses),
        needs_key=True,
        is_of_server=True,
    )
