"""Calls on vouchers: make one or many, read, cancel, use."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from guerdon_client.calls import NO_CONTENT, Answer, Call, as_of_query, path_of, read_receipt, read_text, write_headers
from guerdon_client.coupons import CREATED, WALLETS
from guerdon_client.errors import BrokenAnswer
from guerdon_client.exact import instant_text, write_json
from guerdon_client.model import Receipt
from guerdon_client.reading import Members, read_object
from guerdon_client.wallet_model import WalletId

ACCEPTED: Final = 202
CSV: Final = "text/csv"


@dataclass(frozen=True, slots=True)
class VoucherTerms:
    """What a voucher is to be; without limits it lasts, and its points last, for ever.

    `price` is what was paid for the whole voucher; the points end `points_expire_in_days` x 24 hours after its use.
    """

    amount: Decimal | int
    price: Decimal | int | None = None
    expires_at: datetime | None = None
    points_expire_in_days: int | None = None
    for_wallet: UUID | None = None
    extra: Mapping[str, str] | None = None

    def body(self) -> dict[str, object]:
        """Write it as the API reads it."""
        return {
            "amount": self.amount,
            "price": self.price,
            "expires": self.expires_at,
            "pointsExpireInDays": self.points_expire_in_days,
            "forWallet": None if self.for_wallet is None else str(self.for_wallet),
            "extra": self.extra,
        }


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher as it stands; `wallet_id` and `batch_id` say what it became."""

    voucher_id: UUID
    status: str
    amount: Decimal
    price: Decimal | None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    wallet_id: UUID | None
    batch_id: UUID | None


@dataclass(frozen=True, slots=True)
class VoucherUsed:
    """What a voucher came to: the batch with its points and their end, and the balance with it."""

    batch_id: UUID
    amount: Decimal
    expires_at: datetime | None
    balance: Decimal
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class VoucherBulk:
    """Vouchers that were made together; `table` is the CSV as it came. A dry run makes no codes."""

    bulk_id: UUID
    voucher_ids: tuple[UUID, ...]
    table: bytes
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class VoucherTotal:
    """How many vouchers are in one state, and what they come to."""

    count: int
    amount: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class ReportedVoucher:
    """One voucher of a report; of a code that can still be used, only the beginning is told."""

    code: str
    status: str
    amount: Decimal
    price: Decimal | None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    wallet_id: UUID | None
    batch_id: UUID | None


@dataclass(frozen=True, slots=True)
class VoucherReport:
    """Where the vouchers of a period stood at one instant: totals by status, and each by itself."""

    as_of: datetime
    totals: Mapping[str, VoucherTotal]
    vouchers: tuple[ReportedVoucher, ...]


def create_voucher(terms: VoucherTerms, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Voucher]:
    """Make a voucher; its id is the code. Raises InvalidRequest."""
    return Call(
        "POST",
        path_of(*WALLETS, "voucher"),
        _read_voucher,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        body=write_json(terms.body()),
        statuses=frozenset({CREATED}),
        needs_key=True,
        is_of_server=True,
    )


def create_vouchers(
    count: int, terms: VoucherTerms, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[VoucherBulk]:
    """Make up to 100 000 vouchers that are alike but for their codes. Raises InvalidRequest."""
    return Call(
        "POST",
        path_of(*WALLETS, "voucher", "bulk"),
        _read_bulk,
        headers={"accept": CSV, **write_headers(idempotency_key, dry_run=dry_run)},
        body=write_json({"count": count, **terms.body()}),
        statuses=frozenset({ACCEPTED}),
        needs_key=True,
        is_of_server=True,
    )


def get_vouchers(bulk_id: UUID) -> Call[VoucherBulk]:
    """Read vouchers that were made together once more. Raises NotFound."""
    headers = {"accept": CSV}
    return Call("GET", path_of(*WALLETS, "voucher", "bulk", str(bulk_id)), _read_bulk, (), headers, is_of_server=True)


def get_voucher(voucher_id: UUID) -> Call[Voucher]:
    """Read a voucher. Raises NotFound."""
    return Call("GET", path_of(*WALLETS, "voucher", str(voucher_id)), _read_voucher, is_of_server=True)


def cancel_voucher(voucher_id: UUID, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Receipt]:
    """Cancel a voucher that was not used. Raises NotFound, Conflict."""
    return Call(
        "DELETE",
        path_of(*WALLETS, "voucher", str(voucher_id)),
        read_receipt,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        statuses=frozenset({NO_CONTENT}),
        needs_key=True,
        is_of_server=True,
    )


def use_voucher(
    wallet_id: WalletId, voucher_id: UUID, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[VoucherUsed]:
    """Turn a voucher into a batch of a wallet.

    Raises NotFound; Forbidden when it is for another wallet; Conflict when it was used; Gone when it is over.
    """
    path = path_of(*WALLETS, "wallet", str(wallet_id), "voucher")
    return _use(path, voucher_id, idempotency_key, dry_run=dry_run)


def use_my_voucher(voucher_id: UUID, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[VoucherUsed]:
    """Turn a voucher into a batch of the user whose token this is. Raises as `use_voucher`."""
    return _use(path_of(*WALLETS, "my", "voucher"), voucher_id, idempotency_key, dry_run=dry_run)


def report_vouchers(first: datetime, last: datetime, *, as_of: datetime | None = None) -> Call[VoucherReport]:
    """Tell where the vouchers made from `first` on and before `last` stand, or stood at an instant."""
    return Call("GET", _report_path(), _read_report, _report_query(first, last, as_of), is_of_server=True)


def get_report_table(first: datetime, last: datetime, *, as_of: datetime | None = None) -> Call[bytes]:
    """Give the same voucher by voucher, as CSV."""
    query, headers = _report_query(first, last, as_of), {"accept": CSV}
    return Call("GET", _report_path(), lambda answer: answer.body, query, headers, is_of_server=True)


def _report_path() -> str:
    return path_of(*WALLETS, "report", "vouchers")


def _report_query(first: datetime, last: datetime, as_of: datetime | None) -> list[tuple[str, str]]:
    return [("from", instant_text(first)), ("to", instant_text(last)), *as_of_query(as_of)]


def _read_report(answer: Answer) -> VoucherReport:
    members = read_object(answer.body)
    totals = Members(members.mapping("totals"))
    states = {state: Members(totals.mapping(state)) for state in totals.all()}
    return VoucherReport(
        members.instant("asOf"),
        {
            state: VoucherTotal(one.whole("count"), one.number("amount"), one.number("price"))
            for state, one in states.items()
        },
        tuple(_reported(Members(item)) for item in members.items("vouchers")),
    )


def _reported(members: Members) -> ReportedVoucher:
    return ReportedVoucher(
        members.text("voucher"),
        members.text("status"),
        members.number("amount"),
        members.find_number("price"),
        members.instant("createdAt"),
        members.find_instant("expires"),
        members.find_instant("usedAt"),
        _find_id(members, "wallet"),
        _find_id(members, "batch"),
    )


def _use(path: str, voucher_id: UUID, idempotency_key: str | None, *, dry_run: bool) -> Call[VoucherUsed]:
    return Call(
        "POST",
        path,
        _read_used,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        body=write_json({"voucher": str(voucher_id)}),
        needs_key=True,
        is_of_server=True,
    )


def _read_voucher(answer: Answer) -> Voucher:
    members = read_object(answer.body)
    return Voucher(
        UUID(members.text("id")),
        members.text("status"),
        members.number("amount"),
        members.find_number("price"),
        members.instant("createdAt"),
        members.find_instant("expires"),
        members.find_instant("usedAt"),
        _find_id(members, "wallet"),
        _find_id(members, "batch"),
    )


def _read_used(answer: Answer) -> VoucherUsed:
    members = read_object(answer.body)
    batch = Members(members.mapping("batch"))
    return VoucherUsed(
        UUID(batch.text("id")),
        batch.number("amount"),
        batch.find_instant("expires"),
        members.number("balance"),
        answer.receipt,
    )


def _read_bulk(answer: Answer) -> VoucherBulk:
    try:
        bulk_id = UUID(answer.headers.get("guerdon-bulk-id", ""))
        rows = csv.DictReader(io.StringIO(read_text(answer), newline=""))
        voucher_ids = tuple(UUID(row["voucher"]) for row in rows)
    except (KeyError, ValueError, csv.Error) as broken:
        raise BrokenAnswer("The answer is no table of vouchers.") from broken
    return VoucherBulk(bulk_id, voucher_ids, answer.body, answer.receipt)


def _find_id(members: Members, name: str) -> UUID | None:
    text = members.find_text(name)
    return None if text is None else UUID(text)
