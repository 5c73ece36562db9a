"""How orders become points: the file `server/points/orders.yaml` of a tenant, read with all its mistakes at once.

EarningRuleInvalid  400  the file that says how orders earn has mistakes; `errors` names every one with its line
NoEarningRule       404  the tenant has no file that says how orders earn
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from typing import Annotated, Final, Literal, cast

from pydantic import Field, StringConstraints

from guerdon.ledger.amounts import AMOUNT_MAX, MILLIONTHS_MAX, SIX_PLACES, to_decimal, to_millionths
from guerdon.passes.pass_type_parts import Number, Part
from guerdon.passes.pass_type_text import Mistake, Tree
from guerdon.platform.db import Tx
from guerdon.platform.newest import Newest
from guerdon.platform.problems import NotFound, Problem
from guerdon.points.order_model import Order
from guerdon.points.rule_file import Days, read_rule_file
from guerdon.tenants.errors import FileMissing
from guerdon.tenants.files import get_file

PATH: Final = "server/points/orders.yaml"
PLACES_MAX: Final = 6
KEPT_MAX: Final = 1_000

Rounding = Literal["halfUp", "halfEven", "down", "up"]
Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Words = Annotated[tuple[Word, ...], Field(max_length=50)]
Ratio = Annotated[Number, Field(gt=0, le=AMOUNT_MAX)]
Points = Annotated[Number, Field(ge=SIX_PLACES, le=AMOUNT_MAX)]  # less would be rounded to none

_MODES: Final[Mapping[Rounding, str]] = {
    "halfUp": ROUND_HALF_UP,
    "halfEven": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_CEILING,
}
# A total has eighteen digits at most and a ratio thirty-one, so that their product is exact.
_EXACT: Final = Context(prec=60)


class WelcomeSpec(Part):
    """What a wallet gets beside the points of its first order that earns."""

    points: Points
    expires_in_days: Days | None = None


class EarningRule(Part):
    """How an order becomes points; `ratio` is points for one unit of money."""

    ratio: Ratio
    rounding: Rounding = "halfUp"
    places: Annotated[int, Field(ge=0, le=PLACES_MAX)] = 0
    minimum: Annotated[Number, Field(ge=0, le=AMOUNT_MAX)] = Decimal(0)
    points_max: Points | None = None
    expires_in_days: Days | None = None
    welcome: WelcomeSpec | None = None
    earn_on: Annotated[Words, Field(min_length=1)] = ("COMPLETED", "CLOSED")
    return_on: Words = ("CANCELLED", "ABANDONED")
    not_earning: Words = ()
    refunds: Words = ()
    opens_wallets: bool = True
    description: Annotated[str, StringConstraints(max_length=32)] = "Order"
    plain_signature: bool = False

    def total_of(self, order: Order) -> int:
        """Give what of an order's total earns, in millionths: without payments that do not, and without refunds.

        The source does not say which sign a refund has; either takes from the total.
        """
        left_out = sum(paid.amount for paid in order.payments if paid.type in self.not_earning)
        refunded = sum(abs(paid.amount) for paid in order.payments if paid.type in self.refunds)
        return min(max(order.total - left_out - refunded, 0), MILLIONTHS_MAX)

    def points(self, paid: int) -> int:
        """Tell how many points a total earns, both in millionths, rounded as the rule says; 0 below the minimum."""
        total = to_decimal(paid)
        if total <= 0 or total < self.minimum:
            return 0
        step = Decimal(1).scaleb(-self.places)
        earned = _EXACT.multiply(total, self.ratio).quantize(step, _MODES[self.rounding], context=_EXACT)
        limit = AMOUNT_MAX if self.points_max is None else self.points_max
        return to_millionths(min(earned, limit))


class EarningRuleInvalid(Problem):
    """The file that says how orders earn has mistakes; all of them are told at once."""

    status, code, title = 400, "earning_rule_invalid", "The rule of earning is not valid"

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        errors: dict[str, list[str]] = {}
        for mistake in self.mistakes:
            errors.setdefault(mistake.path, []).append(mistake.sentence())
        super().__init__(f"The file {PATH} has {len(self.mistakes)} mistakes; see errors.", errors=errors)


class NoEarningRule(NotFound):
    """The tenant has no file that says how orders earn."""

    code = "no_earning_rule"

    def __init__(self) -> None:
        super().__init__(f"Orders earn nothing here: there is no file {PATH}.")


class EarningRules:
    """Reads the rules of tenants; each version of a file is read once per process."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept = Newest[bytes, EarningRule](KEPT_MAX)

    async def get(self, tx: Tx, version: int | None = None) -> tuple[EarningRule, int]:
        """Give the tenant's rule, as its file stands now or stood in a version, and that version.

        Raises NoEarningRule, EarningRuleInvalid.
        """
        try:
            file = await get_file(tx, PATH, version)
        except FileMissing as missing:
            raise NoEarningRule from missing
        known = self._kept.find(file.digest)
        return known or self._kept.keep(file.digest, read_earning_rule(file.content)), file.version


def read_earning_rule(content: bytes) -> EarningRule:
    """Read a rule, YAML or JSON. Raises EarningRuleInvalid with all mistakes, whatever the bytes are."""
    called = "A rule of earning"
    rule, mistakes = read_rule_file(content, EarningRule, WelcomeSpec, called=called, check=_check_words)
    if rule is None:
        raise EarningRuleInvalid(mistakes)
    return rule


def _check_words(members: Mapping[str, object], tree: Tree) -> None:
    for status in _shared(members, "earnOn", "returnOn"):
        tree.add(("returnOn",), f"`{status}` cannot both earn and return; `earnOn` has it too.")
    for kind in _shared(members, "notEarning", "refunds"):
        tree.add(("refunds",), f"`{kind}` would be taken from the total twice; `notEarning` has it too.")


def _shared(members: Mapping[str, object], *names: str) -> list[str]:
    defaults = {field.alias or name: field.default for name, field in EarningRule.model_fields.items()}
    first, second = (members.get(name, defaults[name]) for name in names)
    if not (isinstance(first, tuple) and isinstance(second, tuple)):
        return []
    words = cast("tuple[object, ...]", first)
    return [str(word) for word in cast("tuple[object, ...]", second) if word in words]
