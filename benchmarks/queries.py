"""The lists that `benchmarks.searching` asks for: each index, each kind of order, cursors, totals, and the bad ones."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Final
from urllib.parse import urlencode

from benchmarks.crowds import CREATED_EACH, FIRST_CREATED
from guerdon.passes.cursors import write_cursor
from guerdon.passes.order_queries import Mark, Order


@dataclass(frozen=True, slots=True)
class Asking:
    """The n-th time that a query is asked of so many passes: each time about another customer, batch and city."""

    passes: int
    time: int

    @property
    def values(self) -> Mapping[str, object]:
        """Give what stands in queries as `{customer}`, and so on."""
        customer = 1 + self.time * 7_368_787 % self.passes
        place = FIRST_CREATED + CREATED_EACH * (self.passes // 4 + customer // 2)
        return {
            "customer": customer,
            "batch": customer // 1000,
            "store": customer % 4999,
            "city": customer % 4999 % 100,
            "created": place.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S+00"),
            "pass_id": hashlib.md5(str(customer).encode(), usedforsecurity=False).hexdigest()[:20],
            "points": customer * 7919 % 100_003,
        }


Asked = Callable[[Asking], str]
NEWEST: Final = ("creationDate", "DESC")


def ask(*filters: str, by: tuple[str, str] | None = None, then: str | None = None, **window: object) -> Asked:
    """Write a query of filters (`field operator value`), an order, and a window."""
    pairs: list[tuple[str, str]] = []
    for index, text in enumerate(filters):
        pairs += zip(
            [f"filter[{index}].{part}" for part in ("field", "operator", "value")], text.split(" "), strict=True
        )
    for index, (field, direction) in enumerate([one for one in (by, then and (then, "ASC")) if one]):
        pairs += [(f"sortBy[{index}].field", field), (f"sortBy[{index}].direction", direction)]

    def write(asking: Asking) -> str:
        filled = [(name, text.format(**asking.values)) for name, text in pairs]
        return urlencode([*filled, *window.items()])

    return write


def middle(*filters: str, order: Order, keys: tuple[str, ...] = (), phase: int = 0) -> Asked:
    """Write the query of a part by cursor that begins in the middle of an order, with 20 passes at most."""
    by = f"{order.by.partition(' ')[0]}.{order.name}" if order.name else order.by
    asked = ask(*filters, by=(by, "DESC" if order.is_descending else "ASC"), limit=20)

    def write(asking: Asking) -> str:
        mark = Mark(phase, tuple(key.format(**asking.values) for key in keys), str(asking.values["pass_id"]))
        return asked(asking) + "&" + urlencode({"cursor": write_cursor(order, mark)})

    return write


_MIDDLE_OF_POINTS: Final = Order("metadata number", "points", is_descending=True)
_MIDDLE_OF_CREATED: Final = Order("creationDate", is_descending=True)
GOLD, CITY, STORE, BATCH = "tier gold", "city city-{city}", "storeId store-{store}", "batch batch-{batch}"


def _is(member: str) -> str:
    return f"metadata.{member}".replace(" ", " equals ")


QUERIES: Final[Mapping[str, Asked]] = {
    # The order alone: each index, from the beginning, far behind it by pages, and in the middle by cursor.
    "all": ask(),
    "all, in the middle": middle(order=Order()),
    "newest": ask(by=NEWEST),
    "newest, page 50": ask(by=NEWEST, pageIndex=50),
    "newest, in the middle": middle(order=_MIDDLE_OF_CREATED, keys=("{created}",)),
    "by type, page 50": ask(by=("passType", "DESC"), pageIndex=50),
    "by type, in the middle": middle(order=Order("passType"), keys=("loyalty", "{created}")),
    "latest in Google": ask(by=("google", "DESC")),
    "most points": ask(by=("points", "DESC")),
    "most points, page 50": ask(by=("points", "DESC"), pageIndex=50),
    "points, in the middle": middle(order=_MIDDLE_OF_POINTS, keys=("{points}",)),
    "points, where they end": middle(order=_MIDDLE_OF_POINTS, phase=1),
    "tiers, in the middle": middle(order=Order("metadata", "tier"), keys=("gold",)),
    "by employeeId (of 1 in 1 000)": ask(by=("employeeId", "ASC")),
    # One filter, by what it finds.
    "three ids": ask("id in c4ca4238a0b923820dcc,c81e728d9d4c2f636f06,eccbc87e4b5ce2fe2830"),
    "ids above": ask("id greaterThan 8"),
    "one customerId": ask("identifiers.customerId equals {customer}"),
    "five customerIds": ask("identifiers.customerId in {customer},12,13,14,15"),
    "customerIds that begin with 4711": ask("identifiers.customerId startsWith 4711"),
    "customerIds above, sorted by them": ask("identifiers.customerId greaterThan 5", by=("customerId", "ASC")),
    "who has an employeeId": ask("identifiers.employeeId exists true"),
    "an hour": ask("creationDate greaterThan 2024-01-01T08:00:00Z", "creationDate lessThan 2024-01-01T09:00:00Z"),
    "since then, newest": ask("creationDate greaterThan 2024-01-01T08:00:00Z", by=NEWEST),
    "a type (1 in 7), newest": ask("passType equals giftcard", by=NEWEST),
    "a rare type, newest": ask("passType equals vip", by=NEWEST),
    "two types, newest": ask("passType in vip,giftcard", by=NEWEST),
    "in Google, latest there": ask("installationStatus contains google", by=("google", "DESC")),
    "in Apple, newest": ask("installationStatus contains apple", by=NEWEST),
    "on any phone, newest": ask("installationStatus exists true", by=NEWEST),
    "a batch (1 000)": ask(_is(BATCH)),
    "a batch, newest": ask(_is(BATCH), by=NEWEST),
    "a batch, most points": ask(_is(BATCH), by=("points", "DESC")),
    "a batch, by tier and points": ask(_is(BATCH), by=("metadata.tier", "ASC"), then="points"),
    "a store (1 in 5 000), newest": ask(_is(STORE), by=NEWEST),
    "a city (1 in 100)": ask(_is(CITY)),
    "a city, newest": ask(_is(CITY), by=NEWEST),
    "a city, newest, page 50": ask(_is(CITY), by=NEWEST, pageIndex=50),
    "a city, most points": ask(_is(CITY), by=("points", "DESC")),
    "gold (1 in 5)": ask(_is(GOLD)),
    "gold, newest": ask(_is(GOLD), by=NEWEST),
    "gold, newest, page 50": ask(_is(GOLD), by=NEWEST, pageIndex=50),
    "gold, newest, in the middle": middle(_is(GOLD), order=_MIDDLE_OF_CREATED, keys=("{created}",)),
    "gold, in the middle": middle(_is(GOLD), order=Order()),
    "gold, most points": ask(_is(GOLD), by=("points", "DESC")),
    "less than 2 points": ask("metadata.points lessThan 2"),
    "less than 1 000 points (1 in 100), newest": ask("metadata.points lessThan 1000", by=NEWEST),
    "more than 50 000 points, by points": ask("metadata.points greaterThan 50000", by=("points", "ASC")),
    "ten stores, newest": ask("metadata.storeId in " + ",".join(f"store-{n}" for n in range(10)), by=NEWEST),
    "stores that begin with store-499, newest": ask("metadata.storeId startsWith store-499", by=NEWEST),
    # Several.
    "gold in a batch, newest": ask(_is(BATCH), _is(GOLD), by=NEWEST),
    "gold of a rare type, newest": ask(_is(GOLD), "passType equals vip", by=NEWEST),
    "gold of a type, newest": ask(_is(GOLD), "passType equals giftcard", by=NEWEST),
    "gold on any phone, newest": ask(_is(GOLD), "installationStatus exists true", by=NEWEST),
    "gold in a city, newest": ask(_is(CITY), _is(GOLD), by=NEWEST),
    "a store in its city, newest": ask(_is(STORE), _is("city city-{city}"), by=NEWEST),
    "blue with the newsletter (all of them), newest": ask(_is("tier blue"), _is("newsletter true"), by=NEWEST),
    # The bad ones.
    "gold with the newsletter (none), newest": ask(_is(GOLD), _is("newsletter true"), by=NEWEST),
    "the old season, oldest": ask(_is("season 2024"), by=("creationDate", "ASC")),
    "the old season, newest": ask(_is("season 2024"), by=NEWEST),
    "the old season, newest, by cursor": ask(_is("season 2024"), by=NEWEST, limit=20),
    "a tier contains ol (1 in 5)": ask("metadata.tier contains ol"),
    "a store contains 4711 (1 in 5 000)": ask("metadata.storeId contains 4711"),
    "a store contains 4711, by cursor": ask("metadata.storeId contains 4711", limit=20),
    "a batch that contains ol": ask(_is(BATCH), "metadata.tier contains ol"),
    "not blue": ask("metadata.tier notEquals blue"),
    "not on any phone, newest": ask("installationStatus exists false", by=NEWEST),
    "changed before 2020 (none)": ask("lastUpdateDate lessThan 2020-01-01T00:00:00Z"),
    "latest changed": ask(by=("lastUpdateDate", "DESC")),
    "by tier and points": ask(by=("metadata.tier", "ASC"), then="points"),
}
