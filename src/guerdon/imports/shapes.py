"""The kinds of file that can be brought in: which columns they have, and what a row of each becomes."""

from typing import Final

from guerdon.imports.files import Shape
from guerdon.passes.import_rows import BadRow, Row, check_row
from guerdon.platform.tables import Mistakes
from guerdon.points.import_rows import BadLot, LotRow, check_lot

PASS_DATES: Final = ("createdAt", "appleInstalledAt", "googleInstalledAt")
LOT_DATES: Final = ("expires", "earnedAt")


def _refuse_pass(line: int, mistakes: Mistakes) -> Row | BadRow:
    return BadRow(line, None, mistakes)


def _refuse_lot(line: int, mistakes: Mistakes) -> LotRow | BadLot:
    return BadLot(line, None, mistakes)


PASSES: Final = Shape(
    columns=("serial", "passType", "authenticationToken", "googleObjectId", *PASS_DATES),
    needed=("serial", "passType"),
    dates=PASS_DATES,
    groups=("identifiers", "metadata", "additionalData"),
    typed_groups=("metadata", "additionalData"),
    check=check_row,
    refuse=_refuse_pass,
)
BALANCES: Final = Shape(
    columns=("batch", "wallet", "amount", "price", *LOT_DATES, "order", "description", "venue"),
    needed=("batch", "wallet", "amount"),
    dates=LOT_DATES,
    groups=("extra", "attributes"),
    typed_groups=(),
    check=check_lot,
    refuse=_refuse_lot,
)
