"""The ledger as a page of plain Python, written from WIRE.md and DESIGN.md and not from the code that it judges."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal["move", "earn", "spend", "return", "expire", "hold", "capture", "release"]
Takes = list[tuple[int, int]]  # the number of a lot, and how much of it


@dataclass
class Wish:
    account: str
    kind: Kind
    amount: int | None = None
    reference: str | None = None
    until: datetime | None = None
    expected_value: int | None = None
    expected_version: int | None = None
    chosen: str | None = None
    key: str | None = None
    ends_all: bool = False

    @property
    def fingerprint(self) -> bytes:
        return repr(
            (self.account, self.kind, self.amount, self.reference, self.until, self.chosen, self.ends_all)
        ).encode()


@dataclass
class Batch:
    amount: int
    left: int
    ends: datetime | None


@dataclass
class Reservation:
    amount: int
    takes: Takes
    ends: datetime | None
    is_open: bool = True


@dataclass
class Book:
    """One account."""

    is_wallet: bool
    floor: int | None = None
    ceiling: int | None = None
    closes: datetime | None = None
    last: datetime | None = None
    value: int = 0
    version: int = 0
    lots: list[Batch] = field(default_factory=list[Batch])
    holds: dict[str, Reservation] = field(default_factory=dict[str, Reservation])
    spent: dict[str, list[int]] = field(default_factory=dict[str, list[int]])  # each unit's lot, in order of taking


@dataclass
class Done:
    """What a movement came to: `moved` says by how much which lots changed."""

    name: str
    account: str
    kind: Kind
    amount: int
    value_after: int
    version: int
    reference: str | None
    held: int
    moved: dict[int, int]


class Refused(Exception):
    pass


@dataclass
class Reference:
    books: dict[str, Book]
    done: dict[str, Done] = field(default_factory=dict[str, Done])
    keys: dict[str, tuple[bytes, str]] = field(default_factory=dict[str, tuple[bytes, str]])
    count: int = 0

    def post(self, wish: Wish, now: datetime) -> tuple[str, Done | None]:
        try:
            earlier = self._earlier(wish, now)
            done = earlier or self._do(wish, self._book(wish, now), now)
        except Refused as refusal:
            return str(refusal), None
        if wish.key is not None:
            self.keys.setdefault(wish.key, (wish.fingerprint, done.name))
        return ("repeat" if earlier else "posted"), done

    def _earlier(self, wish: Wish, now: datetime) -> Done | None:
        if wish.key in self.keys:
            fingerprint, name = self.keys[wish.key]
            self._unless(fingerprint == wish.fingerprint, "idempotency_mismatch")
            return self.done[name]
        if wish.chosen not in self.done:
            return None
        done = self.done[wish.chosen]
        same_amount = (
            wish.amount in {None, done.amount, -done.amount, done.held}
            if wish.kind != "move"
            else (wish.amount == done.amount)
        )
        if (wish.account, wish.kind, wish.reference) != (done.account, done.kind, done.reference) or not same_amount:
            self._book(wish, now)
            raise Refused("movement_mismatch")
        return done

    def _book(self, wish: Wish, now: datetime) -> Book:
        book = self.books.get(wish.account)
        if book is None or (book.closes is not None and now >= book.closes):
            raise Refused("account_not_found")
        return book

    def _do(self, wish: Wish, book: Book, now: datetime) -> Done:
        now = now if book.last is None or now > book.last else book.last
        self.count += 1
        name = wish.chosen or f"#{self.count}"
        if wish.kind in {"spend", "hold"}:
            self._give_back_overdue(book, wish.amount or 0, now)
        before = [lot.left for lot in book.lots]
        amount, held = getattr(self, f"_{wish.kind}")(wish, book, now, name)
        book.value += amount
        book.version += 1
        book.last = now
        moved = {n: lot.left - before[n] for n, lot in enumerate(book.lots[: len(before)]) if lot.left != before[n]}
        self.done[name] = Done(
            name, wish.account, wish.kind, amount, book.value, book.version, wish.reference, held, moved
        )
        return self.done[name]

    def _give_back_overdue(self, book: Book, amount: int, now: datetime) -> None:
        """A hold whose time is over counts as given back, and is when somebody takes; each is an entry of its own."""
        over = [hold for hold in book.holds.values() if hold.is_open and hold.ends is not None and hold.ends <= now]
        left = [lot.left for lot in book.lots]
        for hold in over:
            for lot, part in hold.takes:
                left[lot] += part
        live = [left[n] for n, lot in enumerate(book.lots) if lot.ends is None or lot.ends > now]
        self._unless(sum(live) >= amount, "not_enough")
        for hold in over:
            hold.is_open = False
            for lot, part in hold.takes:
                book.lots[lot].left += part
        book.version += len(over)

    def _move(self, wish: Wish, book: Book, _now: datetime, _name: str) -> tuple[int, int]:
        amount = wish.amount or 0
        self._unless(wish.expected_version in {None, book.version}, "version_mismatch")
        close = wish.expected_value is None or abs(wish.expected_value - book.value) <= 100
        self._unless(close, "value_mismatch")
        after = book.value + amount
        # Out of bounds is refused, unless it leads back from further out.
        self._unless(book.ceiling is None or after <= book.ceiling or amount < 0, "value_out_of_bounds")
        self._unless(book.floor is None or after >= book.floor or amount > 0, "value_out_of_bounds")
        return amount, 0

    def _earn(self, wish: Wish, book: Book, _now: datetime, _name: str) -> tuple[int, int]:
        amount = wish.amount or 0
        book.lots.append(Batch(amount, amount, wish.until))
        return amount, 0

    def _spend(self, wish: Wish, book: Book, now: datetime, name: str) -> tuple[int, int]:
        amount = wish.amount or 0
        book.spent[name] = [lot for lot, part in self._take(book, amount, now) for _ in range(part)]
        return -amount, 0

    def _return(self, wish: Wish, book: Book, _now: datetime, _name: str) -> tuple[int, int]:
        units = book.spent.get(wish.reference or "")
        if units is None:
            raise Refused("spend_not_found")
        amount = len(units) if wish.amount is None else wish.amount
        self._unless(0 < amount <= len(units), "nothing_to_return")
        for _ in range(amount):
            book.lots[units.pop()].left += 1
        return amount, 0

    def _expire(self, wish: Wish, book: Book, now: datetime, _name: str) -> tuple[int, int]:
        over = [lot for lot in book.lots if lot.ends is not None and lot.ends <= now]
        if wish.ends_all:
            over = [lot for lot in book.lots if lot.ends is None or lot.ends > now]
        amount = sum(lot.left for lot in over)
        is_held = any(hold.is_open for hold in book.holds.values())
        self._unless(amount > 0 or (wish.ends_all and is_held), "nothing_to_expire")
        for lot in over:
            lot.left = 0
            lot.ends = now if wish.ends_all else lot.ends
        return -amount, 0

    def _hold(self, wish: Wish, book: Book, now: datetime, name: str) -> tuple[int, int]:
        amount = wish.amount or 0
        book.holds[name] = Reservation(amount, self._take(book, amount, now), wish.until)
        return 0, amount

    def _capture(self, wish: Wish, book: Book, now: datetime, name: str) -> tuple[int, int]:
        hold = self._held(wish, book)
        self._unless(hold.ends is None or now < hold.ends, "hold_closed")
        amount = hold.amount if wish.amount is None else wish.amount
        self._unless(amount <= hold.amount, "not_enough")
        hold.is_open = False
        units = [lot for lot, part in hold.takes for _ in range(part)]
        for lot in units[amount:]:
            book.lots[lot].left += 1
        book.spent[name] = units[:amount]
        return -amount, -hold.amount

    def _release(self, wish: Wish, book: Book, _now: datetime, _name: str) -> tuple[int, int]:
        hold = self._held(wish, book)
        hold.is_open = False
        for lot, part in hold.takes:
            book.lots[lot].left += part
        return 0, -hold.amount

    def _held(self, wish: Wish, book: Book) -> Reservation:
        hold = book.holds.get(wish.reference or "")
        if hold is None:
            raise Refused("hold_not_found")
        self._unless(hold.is_open, "hold_closed")
        return hold

    def _take(self, book: Book, amount: int, now: datetime) -> Takes:
        live = [(n, lot) for n, lot in enumerate(book.lots) if lot.ends is None or lot.ends > now]
        self._unless(sum(lot.left for _, lot in live) >= amount, "not_enough")
        # Soonest end first, no end last, ties in the order of earning (sorted() keeps it).
        takes: Takes = []
        for n, lot in sorted(live, key=lambda pair: (pair[1].ends is None, pair[1].ends or now)):
            part = min(lot.left, amount)
            if part:
                lot.left -= part
                amount -= part
                takes.append((n, part))
        return takes

    @staticmethod
    def _unless(good: bool, code: str) -> None:
        if not good:
            raise Refused(code)
