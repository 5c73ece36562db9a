"""The answers of imports of balances."""

from guerdon.imports.schemas import ImportProgress
from guerdon.platform.wire import Body, Exact, UuidMember


class LotMistakes(Body):
    """A row that was left out: its line, its lot when that can be read, and every mistake by column."""

    line: int
    batch: str | None = None
    errors: dict[str, list[str]]


class SumsOut(Body):
    """What some lots come to: how many, their points, and points times the price of one."""

    rows: int
    points: Exact
    money: Exact


class LeftOutOut(Body):
    """What was left out of a file.

    `points` sums the rows whose amount can be read, `withoutPoints` counts the others; `expired…` are those of them
    that were over when the file was checked.
    """

    rows: int
    points: Exact
    without_points: int
    expired_rows: int
    expired_points: Exact


class ReconciliationOut(Body):
    """What the file says, what the ledger has of it, and what is missing: nothing, once the import is finished."""

    wallets: int
    wallets_opened: int
    said: SumsOut
    posted: SumsOut
    difference: SumsOut
    left_out: LeftOutOut


class BalanceImportProgress(ImportProgress):
    """How far an import of balances has come, and its reconciliation."""

    reconciliation: ReconciliationOut


class BalanceImportAccepted(BalanceImportProgress):
    """How many lots are new; all rows that are left out are counted, the first 10 000 are named."""

    count: int
    mistakes: list[LotMistakes]


class WalletReconciliationOut(Body):
    """What the file says of one wallet, and what the ledger has of it now."""

    wallet: UuidMember
    said: SumsOut
    posted: SumsOut
    difference: SumsOut
