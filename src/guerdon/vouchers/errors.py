"""Why this room refuses, in the order in which it looks.

VoucherNotFound        404  there is no voucher of that code
BulkNotFound           404  no vouchers were made together under that id
VoucherOfAnother       403  the voucher is for another wallet
VoucherUsed            409  the voucher was used before
VoucherCancelled       410  the voucher was cancelled
VoucherExpired         410  the voucher's time is over
"""

from datetime import datetime
from uuid import UUID

from guerdon.platform.clock import rfc3339
from guerdon.platform.problems import Conflict, Forbidden, Gone, NotFound


class VoucherNotFound(NotFound):
    """There is no voucher of that code."""

    code = "voucher_not_found"

    def __init__(self, voucher_id: UUID) -> None:
        super().__init__(f"There is no voucher {voucher_id}.")


class BulkNotFound(NotFound):
    """No vouchers were made together under that id."""

    code = "voucher_bulk_not_found"

    def __init__(self, bulk_id: UUID) -> None:
        super().__init__(f"No vouchers were made together as {bulk_id}.")


class VoucherOfAnother(Forbidden):
    """The voucher is for another wallet."""

    code = "voucher_of_another"

    def __init__(self, voucher_id: UUID) -> None:
        super().__init__(f"The voucher {voucher_id} is for another wallet.")


class VoucherUsed(Conflict):
    """The voucher was used before."""

    code = "voucher_used"

    def __init__(self, voucher_id: UUID, used_at: datetime) -> None:
        said = rfc3339(used_at)
        super().__init__(f"The voucher {voucher_id} was used at {said}.", extra={"usedAt": said})


class VoucherCancelled(Gone):
    """The voucher was cancelled."""

    code = "voucher_cancelled"

    def __init__(self, voucher_id: UUID, cancelled_at: datetime) -> None:
        super().__init__(f"The voucher {voucher_id} was cancelled at {rfc3339(cancelled_at)}.")


class VoucherExpired(Gone):
    """The voucher's time is over."""

    code = "voucher_expired"

    def __init__(self, voucher_id: UUID, expires_at: datetime) -> None:
        said = rfc3339(expires_at)
        super().__init__(f"The voucher {voucher_id} ended at {said}.", extra={"expires": said})
