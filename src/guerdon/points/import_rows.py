"""A lot as another system knows it, as a row of a file says it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Final, cast
from uuid import UUID, uuid5

from pydantic import AfterValidator, BeforeValidator, StringConstraints, ValidationError

from guerdon.ledger.amounts import to_millionths
from guerdon.platform.tables import Mistakes, find_mistakes
from guerdon.platform.wire import NO_NUL, Body, Instant, Positive, UuidMember
from guerdon.points.model import BatchWish
from guerdon.points.prices import check_price
from guerdon.points.schemas import DescriptionText, OrderText, Texts, VenueText
from guerdon.points.wishes import read_amount

PLACES_MAX: Final = 6
NUMBER: Final = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?", re.ASCII)
# What a row needs, where its own cannot be read; the greatest price is none too high for it.
STAND_INS: Final = {"batch": "-", "wallet": str(UUID(int=0)), "amount": 1}
IDS: Final = UUID("6a2f1d0e-6b0c-5f5e-9d57-3f6b1a4c7e20")  # under which the name of a batch elsewhere becomes its id


def _exact(value: object) -> object:
    """Read a number that may be written as a text, and refuse what rounding would change."""
    if isinstance(value, str):
        if not NUMBER.fullmatch(value):
            raise ValueError("Give a number such as 12.5, with a point and without spaces.")
        value = Decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        _, digits, exponent = value.as_tuple()
        if any(digits[max(0, len(digits) + int(exponent) + PLACES_MAX) :]):
            raise ValueError(f"Give {PLACES_MAX} places at most: rounded, the file and the ledger would differ.")
    return value


Amount = Annotated[Positive, BeforeValidator(_exact)]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]


class ImportedLot(Body):
    """A lot of a wallet as another system knows it; `price` is what all of its points were bought for together."""

    batch: ExternalId
    wallet: UuidMember
    amount: Amount
    price: Annotated[Amount, AfterValidator(check_price)] | None = None
    expires: Instant | None = None
    earned_at: Instant | None = None
    order: OrderText | None = None
    description: DescriptionText | None = None
    venue: VenueText | None = None
    extra: Texts = {}  # noqa: RUF012 (frozen)
    attributes: Texts = {}  # noqa: RUF012 (frozen)

    @property
    def batch_id(self) -> UUID:
        """The id of the batch, the same for every repeat of its name."""
        return uuid5(IDS, self.batch)

    def wish(self) -> BatchWish:
        """Give the batch that is to be added."""
        return BatchWish(
            to_millionths(self.amount),
            read_amount(self.price),
            self.expires,
            self.order,
            self.description,
            self.venue,
            self.extra,
            external_id=self.batch,
            earned_at=self.earned_at,
        )


@dataclass(frozen=True, slots=True)
class BadLot:
    """A row that cannot be taken in, its mistakes by column, and what can be read of it all the same.

    `amount` is in millionths; `is_expired` says that nothing is wrong but that its time is over. `given` has stand-ins
    for the columns that are `unread`, and is None when the row cannot be read at all.
    """

    line: int
    batch: str | None
    mistakes: Mistakes
    amount: int | None = None
    is_expired: bool = False
    given: ImportedLot | None = None
    unread: frozenset[str] = frozenset()

    def with_mistakes(self, found: Mistakes) -> "BadLot":
        """Give the row with what else is wrong; of columns that cannot be read nothing more can be said."""
        mistakes = {column: list(said) for column, said in self.mistakes.items()}
        for column, said in found.items():
            if column not in self.unread:
                mistakes.setdefault(column, []).extend(said)
        return replace(self, mistakes=mistakes)


@dataclass(frozen=True, slots=True)
class LotRow:
    """A good row, and the line that it begins on."""

    line: int
    given: ImportedLot

    def with_mistakes(self, found: Mistakes) -> BadLot:
        """Give the row as one that cannot be taken in."""
        return BadLot(self.line, self.given.batch, found, self.given.wish().amount, given=self.given)


def named_lot(row: LotRow | BadLot) -> ImportedLot | None:
    """Give what a row says of a lot whose name can be read; None when it cannot."""
    return None if isinstance(row, BadLot) and "batch" in row.unread else row.given


def check_lot(line: int, document: object) -> LotRow | BadLot:
    """Read what a row says, as a JSON document; a row that breaks the rules has all of its mistakes named."""
    try:
        row = LotRow(line, ImportedLot.model_validate(document))
    except ValidationError as wrong:
        if not isinstance(document, Mapping):
            return BadLot(line, None, find_mistakes(wrong))
        row = _read_rest(line, cast("Mapping[str, object]", document), wrong)
    given = row.given
    if given is None or given.expires is None or given.earned_at is None or given.expires > given.earned_at:
        return row
    return row.with_mistakes({"expires": ["It ends before it was earned."]})


def _read_rest(line: int, members: Mapping[str, object], wrong: ValidationError) -> BadLot:
    unread = frozenset(str(one["loc"][0]) for one in wrong.errors(include_url=False, include_context=False))
    read = {name: member for name, member in members.items() if name not in unread}
    given = ImportedLot.model_validate(STAND_INS | read)
    name = members.get("batch")
    return BadLot(
        line,
        name if isinstance(name, str) else None,
        find_mistakes(wrong),
        None if "amount" in unread else given.wish().amount,
        given=given,
        unread=unread,
    )
