"""Calls on imports of balances: bring lots of another system, watch and reconcile them, read what was left out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from guerdon_client.calls import Answer, Call, path_of, read_receipt, write_headers
from guerdon_client.campaigns import ACCEPTED, CSV, PAGE, OnError
from guerdon_client.exact import read_json
from guerdon_client.imports import MEDIA_TYPES
from guerdon_client.model import Json, Receipt
from guerdon_client.pages import Page, page_query, read_page
from guerdon_client.reading import Members, read_items, read_object
from guerdon_client.wallets import FACE

PAGE_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class LotSums:
    """What some lots come to: how many, their points, and points times the price of one."""

    rows: int
    points: Decimal
    money: Decimal


@dataclass(frozen=True, slots=True)
class LeftOutSums:
    """What was left out of a file; `rows_without_points` are those whose amount cannot be read."""

    rows: int
    points: Decimal
    rows_without_points: int
    expired_rows: int
    expired_points: Decimal


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a file says, what the ledger has of it, and what is missing: nothing, once the import is finished."""

    wallets: int
    wallets_opened: int
    said: LotSums
    posted: LotSums
    difference: LotSums
    left_out: LeftOutSums


@dataclass(frozen=True, slots=True)
class WalletReconciliation:
    """The same of one wallet."""

    wallet_id: str
    said: LotSums
    posted: LotSums
    difference: LotSums


@dataclass(frozen=True, slots=True)
class BalanceImport:
    """How far an import of balances has come; `state` is running, finished or cancelled.

    `imported + existing + rejected <= total` at every instant; they are equal when it is finished.
    """

    import_id: str
    state: str
    started_at: datetime
    last_activity_at: datetime
    total: int
    imported: int
    existing: int
    rejected: int
    reconciliation: Reconciliation


@dataclass(frozen=True, slots=True)
class LeftOutLot:
    """A row that was left out: its line, its lot when that can be read, and its mistakes by column."""

    line: int
    batch: str | None
    mistakes: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class BalanceImportStarted:
    """An import that was started: `count` of its lots are new; the first 10 000 of the rows left out are named."""

    progress: BalanceImport
    count: int
    left_out: tuple[LeftOutLot, ...]
    receipt: Receipt


def import_file(
    file: bytes,
    *,
    media_type: str = CSV,
    on_error: OnError = "refuse",
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[BalanceImportStarted]:
    """Bring in balances with their lots (CSV, XLSX or JSON lines); docs/points.md tells the columns.

    The same batch is posted once, so that a file may be sent again. The answer comes when every row is checked: give a
    client for large files a `timeout_s` of minutes. Raises InvalidRequest, which names every bad row with its line,
    unless they are to be skipped.
    """
    if media_type not in MEDIA_TYPES:
        raise ValueError(f"A file is one of {', '.join(MEDIA_TYPES)}.")
    headers = {"content-type": media_type, **write_headers(idempotency_key, dry_run=dry_run)}
    query = [("onError", on_error)]
    accepted = frozenset({ACCEPTED})
    return Call(
        "POST", _path(), _read_started, query, headers, file, statuses=accepted, needs_key=True, is_of_server=True
    )


def list_imports(*, cursor: str | None = None, limit: int = PAGE) -> Call[Page[BalanceImport]]:
    """List the imports of balances of the last 90 days, newest first."""
    return Call("GET", _path(), _read_imports, page_query(cursor, limit), is_of_server=True)


def get_import(import_id: str) -> Call[BalanceImport]:
    """Tell how far an import of balances has come, with its reconciliation. Raises NotFound."""
    return Call("GET", _path(import_id), lambda answer: _import(read_object(answer.body)), is_of_server=True)


def list_errors(import_id: str, *, cursor: str | None = None, limit: int = PAGE) -> Call[Page[LeftOutLot]]:
    """List the rows that were left out, by line. Raises NotFound."""
    return Call("GET", _path(import_id, "errors"), _read_left_out, page_query(cursor, limit), is_of_server=True)


def list_wallets(
    import_id: str, *, cursor: str | None = None, limit: int = PAGE_MAX
) -> Call[Page[WalletReconciliation]]:
    """Hold what the file says of each wallet against the ledger as it stands, from a cursor on. Raises NotFound."""
    return Call("GET", _path(import_id, "wallets"), _read_wallets, page_query(cursor, limit), is_of_server=True)


def iter_wallets(import_id: str, *, limit: int = PAGE_MAX) -> Callable[[str | None], Call[Page[WalletReconciliation]]]:
    """Walk through all wallets of a file, each held against the ledger."""
    return lambda cursor: list_wallets(import_id, cursor=cursor, limit=limit)


def cancel_import(import_id: str, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Receipt]:
    """Stop an import of balances; lots that were posted stay. Raises NotFound."""
    headers = write_headers(idempotency_key, dry_run=dry_run)
    path, accepted = _path(import_id, "cancel"), frozenset({ACCEPTED})
    return Call("POST", path, read_receipt, (), headers, statuses=accepted, needs_key=True, is_of_server=True)


def _path(*segments: str) -> str:
    return path_of(*FACE, "balances", "import", *segments)


def _read_started(answer: Answer) -> BalanceImportStarted:
    members = read_object(answer.body)
    left_out = tuple(_left_out(Members(item)) for item in members.items("mistakes"))
    return BalanceImportStarted(_import(members), members.whole("count"), left_out, answer.receipt)


def _read_imports(answer: Answer) -> Page[BalanceImport]:
    return read_page(answer, tuple(_import(Members(item)) for item in read_items(read_json(answer.body))))


def _read_left_out(answer: Answer) -> Page[LeftOutLot]:
    return read_page(answer, tuple(_left_out(Members(item)) for item in read_items(read_json(answer.body))))


def _read_wallets(answer: Answer) -> Page[WalletReconciliation]:
    return read_page(answer, tuple(_wallet(Members(item)) for item in read_items(read_json(answer.body))))


def _left_out(members: Members) -> LeftOutLot:
    return LeftOutLot(members.whole("line"), members.find_text("batch"), members.mapping("errors"))


def _wallet(members: Members) -> WalletReconciliation:
    return WalletReconciliation(members.text("wallet"), *_three_sums(members))


def _import(members: Members) -> BalanceImport:
    return BalanceImport(
        members.text("importId"),
        members.text("state"),
        members.instant("startDate"),
        members.instant("lastActivityDate"),
        members.whole("total"),
        members.whole("imported"),
        members.whole("existing"),
        members.whole("rejected"),
        _reconciliation(Members(members.mapping("reconciliation"))),
    )


def _reconciliation(members: Members) -> Reconciliation:
    left_out = Members(members.mapping("leftOut"))
    return Reconciliation(
        members.whole("wallets"),
        members.whole("walletsOpened"),
        *_three_sums(members),
        LeftOutSums(
            left_out.whole("rows"),
            left_out.number("points"),
            left_out.whole("withoutPoints"),
            left_out.whole("expiredRows"),
            left_out.number("expiredPoints"),
        ),
    )


def _three_sums(members: Members) -> tuple[LotSums, LotSums, LotSums]:
    said, posted, difference = (Members(members.mapping(name)) for name in ("said", "posted", "difference"))
    return _sums(said), _sums(posted), _sums(difference)


def _sums(members: Members) -> LotSums:
    return LotSums(members.whole("rows"), members.number("points"), members.number("money"))
