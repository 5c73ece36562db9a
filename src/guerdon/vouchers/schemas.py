"""The bodies of the operations on vouchers (seed 003)."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, WithJsonSchema

from guerdon.platform.wire import (
    INT32_FORMAT,
    WHOLE,
    Exact,
    Instant,
    OpenBody,
    Positive,
    Sum,
    Texts,
    UuidMember,
)
from guerdon.points.prices import Price
from guerdon.vouchers.making import BULK_MAX
from guerdon.vouchers.model import POINTS_DAYS_MAX, VoucherState

# The batch of the operations on wallets, whose room describes it.
BatchMember = Annotated[Any, WithJsonSchema({"allOf": [{"$ref": "#/components/schemas/BatchOut"}]})]
Days = Annotated[int, Field(ge=1, le=POINTS_DAYS_MAX, json_schema_extra=INT32_FORMAT), WHOLE]
Count = Annotated[int, Field(ge=1, le=BULK_MAX, json_schema_extra=INT32_FORMAT), WHOLE]


class NewVoucher(OpenBody):
    """A voucher to be made; without limits it lasts, and its points last, for ever."""

    amount: Positive
    price: Price | None = None
    expires: Instant | None = None
    points_expire_in_days: Days | None = None
    for_wallet: UuidMember | None = None
    extra: Texts | None = None


class NewVouchers(NewVoucher):
    """Vouchers to be made that are alike but for their codes."""

    count: Count


class NamedVoucher(OpenBody):
    """Which voucher is used."""

    voucher: UuidMember


class VoucherDocument(NewVoucher):
    """A voucher as it stands; `wallet` and `batch` say what it became."""

    id: UUID
    status: VoucherState
    bulk: UUID | None = None
    created_at: Instant
    created_by: str
    used_at: Instant | None = None
    used_by: str | None = None
    wallet: UUID | None = None
    batch: UUID | None = None
    cancelled_at: Instant | None = None
    cancelled_by: str | None = None


class BulkDocument(OpenBody):
    """What was made together; the codes are in the CSV of the same address."""

    bulk_id: UUID
    count: int
    created_at: Instant


class VoucherUse(OpenBody):
    """What a voucher became, and the balance with it."""

    batch: BatchMember
    balance: Exact


class VoucherTotal(OpenBody):
    """How many vouchers are in one state, and what they come to."""

    count: int
    amount: Sum
    price: Sum


class ReportedVoucher(OpenBody):
    """One voucher of a report; the code of one that can still be used is not told whole."""

    voucher: str
    status: VoucherState
    amount: Exact
    price: Exact | None = None
    created_at: Instant
    expires: Instant | None = None
    for_wallet: UUID | None = None
    used_at: Instant | None = None
    wallet: UUID | None = None
    batch: UUID | None = None
    cancelled_at: Instant | None = None


class VoucherReport(OpenBody):
    """Where the vouchers of a period stood at one instant."""

    first: Annotated[Instant, Field(alias="from")]
    last: Annotated[Instant, Field(alias="to")]
    as_of: Instant
    totals: dict[VoucherState, VoucherTotal]
    vouchers: list[ReportedVoucher]
