"""How the balances of a file are held against the ledger. Points are millionths, money is millionths of both, exact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from msgspec import Raw

from guerdon.points.import_rows import BadLot, LotRow
from guerdon.points.report_model import as_money, as_points, cell_text


@dataclass(frozen=True, slots=True)
class Sums:
    """What some lots come to: their points, and points times unit price."""

    rows: int
    amount: Decimal
    money: Decimal

    def less(self, other: "Sums") -> "Sums":
        """Give what is missing in another."""
        return Sums(self.rows - other.rows, self.amount - other.amount, self.money - other.money)

    def document(self) -> Mapping[str, object]:
        """Give whole points and money under their wire names."""
        return {"rows": self.rows, "points": _number(as_points(self.amount)), "money": _number(as_money(self.money))}


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a file says of the lots that are to be there, and what the ledger has of them.

    Beside it stands what was left out: `left_out_amount` sums the rows whose amount can be read, `without_amount`
    counts the others, and `expired_rows` are those that were left out since their time was over.
    """

    wallets: int
    wallets_opened: int
    said_rows: int
    said_amount: Decimal
    said_money: Decimal
    posted_rows: int
    posted_amount: Decimal
    posted_money: Decimal
    left_out_amount: Decimal
    without_amount: int
    expired_rows: int
    expired_amount: Decimal

    @property
    def said(self) -> Sums:
        """What the file says, without the rows that are left out."""
        return Sums(self.said_rows, self.said_amount, self.said_money)

    @property
    def posted(self) -> Sums:
        """What the ledger has of it."""
        return Sums(self.posted_rows, self.posted_amount, self.posted_money)

    def document(self, rejected: int) -> Mapping[str, object]:
        """Give it under its wire names; `rejected` counts the rows that were left out."""
        return {
            "wallets": self.wallets,
            "walletsOpened": self.wallets_opened,
            "said": self.said.document(),
            "posted": self.posted.document(),
            "difference": self.said.less(self.posted).document(),
            "leftOut": {
                "rows": rejected,
                "points": _number(as_points(self.left_out_amount)),
                "withoutPoints": self.without_amount,
                "expiredRows": self.expired_rows,
                "expiredPoints": _number(as_points(self.expired_amount)),
            },
        }


@dataclass(frozen=True, slots=True)
class WalletSums:
    """What a file says of one wallet, and what the ledger has of it."""

    wallet_id: UUID
    said_rows: int
    said_amount: Decimal
    said_money: Decimal
    posted_rows: int
    posted_amount: Decimal
    posted_money: Decimal

    def document(self) -> Mapping[str, object]:
        """Give it under its wire names."""
        said = Sums(self.said_rows, self.said_amount, self.said_money)
        posted = Sums(self.posted_rows, self.posted_amount, self.posted_money)
        return {
            "wallet": str(self.wallet_id),
            "said": said.document(),
            "posted": posted.document(),
            "difference": said.less(posted).document(),
        }


@dataclass(slots=True)
class Tally:
    """The sums of a file while it is checked: whole numbers, however many rows there are."""

    wallets: int = 0
    new_rows: int = 0
    rows: int = 0
    amount: int = 0
    money: int = 0
    left_out: int = 0
    without_amount: int = 0
    expired_rows: int = 0
    expired: int = 0

    def add(self, rows: Sequence[LotRow]) -> None:
        """Count rows that are to be taken in, or were before."""
        for row in rows:
            wish = row.given.wish()
            self.rows += 1
            self.amount += wish.amount
            self.money += wish.amount * wish.unit_price()

    def leave_out(self, rows: Sequence[BadLot]) -> None:
        """Count rows that are left out."""
        for row in rows:
            self.without_amount += row.amount is None
            self.left_out += row.amount or 0
            if row.is_expired:
                self.expired_rows += 1
                self.expired += row.amount or 0

    def reconciliation(self) -> Reconciliation:
        """Give what is to be posted, of which nothing is yet."""
        nothing = Decimal(0)
        said = (self.rows, Decimal(self.amount), Decimal(self.money))
        left_out = (Decimal(self.left_out), self.without_amount, self.expired_rows, Decimal(self.expired))
        return Reconciliation(self.wallets, 0, *said, 0, nothing, nothing, *left_out)


def _number(value: Decimal) -> Raw:
    # Digit by digit: as the encoder has it, a round number would be 1E+3.
    return Raw(cell_text(value).encode())
