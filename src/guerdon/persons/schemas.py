"""What the operations on persons answer."""

from typing import Annotated

from pydantic import Field

from guerdon.platform.wire import Body, Instant, JsonValue


class PersonExport(Body):
    """All that is kept of a person, by pass and by wallet of points."""

    export_date: Instant
    passes: list[dict[str, JsonValue]]
    wallets: list[dict[str, JsonValue]]


class ErasureCounts(Body):
    """How much was erased, by what it was."""

    passes: int
    privileges: int
    identifiers: int
    scans: int
    notifications: int
    installations: int
    wallets: int
    batches: int
    operations: int
    holds: int
    coupons: int
    vouchers: int
    events: int


class ErasureReceipt(Body):
    """What was erased of a person, and what stays."""

    receipt_id: Annotated[str, Field(json_schema_extra={"format": "uuid"})]
    erasure_date: Instant
    pass_ids: list[str]
    wallet_ids: list[str]
    erased: ErasureCounts
    kept: list[str]
