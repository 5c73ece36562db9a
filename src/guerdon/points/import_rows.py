"""A lot as another system knows it, as a row of a file says it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Final, cast
from uuid import UUID, uuid5

from pydantic import BeforeValidator, StringConstraints, ValidationError

from guerdon.ledger.amounts import AmountOutOfBounds, to_millionths
from guerdon.platform.tables import Mistakes, find_mistakes
from guerdon.platform.wire import NO_NUL, Body, Instant, Positive, UuidMember
from guerdon.points.errors import PriceTooHigh
from guerdon.points.model import BatchWish
from guerdon.points.schemas import DescriptionText, OrderText, Texts, VenueText
from guerdon.points.wishes import read_amount

PLACES_MAX: Final = 6
NUMBER: Final = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?", re.ASCII)
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
    price: Amount | None = None
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
class LotRow:
    """A good row, and the line that it begins on."""

    line: int
    given: ImportedLot


@dataclass(frozen=True, slots=True)
class BadLot:
    """A row that cannot be taken in, its mistakes by column, and what can be read of it all the same.

    `amount` is in millionths; `is_expired` says that nothing is wrong but that its time is over.
    """

    line: int
    batch: str | None
    mistakes: Mistakes
    amount: int | None = None
    is_expired: bool = False


def check_lot(line: int, document: object) -> LotRow | BadLot:
    """Read what a row says, as a JSON document; a row that breaks the rules has all of its mistakes named."""
    try:
        given = ImportedLot.model_validate(document)
    except ValidationError as wrong:
        members = cast("Mapping[str, object]", document) if isinstance(document, Mapping) else dict[str, object]()
        name = members.get("batch")
        return BadLot(
            line, name if isinstance(name, str) else None, find_mistakes(wrong), _find_amount(members.get("amount"))
        )
    mistakes: Mistakes = {}
    if given.expires is not None and given.earned_at is not None and given.expires <= given.earned_at:
        mistakes["expires"] = ["It ends before it was earned."]
    wish = given.wish()
    try:
        wish.unit_price()
    except PriceTooHigh as refused:
        mistakes |= {name: list(said) for name, said in (refused.errors or {}).items()}
    return BadLot(line, given.batch, mistakes, wish.amount) if mistakes else LotRow(line, given)


def _find_amount(said: object) -> int | None:
    try:
        number = _exact(said)
        amount = to_millionths(number) if isinstance(number, int | Decimal) else 0
    except (ValueError, AmountOutOfBounds):
        return None
    return amount if amount > 0 else None
