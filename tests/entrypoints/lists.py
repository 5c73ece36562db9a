"""The lists of face B: where they are, what orders each of them has, and a tenant with something in every one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from tests.imports.conftest import Accountant
from tests.shops import Shop

from guerdon.platform.faces import FACE_B

Document = Mapping[str, Any]
LIMIT, START, END = 2, 1, 2
RANGE = ("_start", "_end", "_sort", "_order")


@dataclass(frozen=True, slots=True)
class ListOf:
    """What a list knows: `own` names the order that it has unasked, `falls` its direction, `sorts` the others.

    A list that `is_ranged` takes places too, and one that `goes_both_ways` goes on by cursor in either direction.
    """

    own: str
    falls: bool = False
    sorts: Sequence[str] = ()
    is_ranged: bool = True
    goes_both_ways: bool = False
    name: str = "id"

    def refuses(self, asked: Mapping[str, str]) -> bool:
        """Tell whether a query is refused, whatever is in the list."""
        is_walked = bool(asked.keys() & {"limit", "cursor"})
        refused = {
            "range": not self.is_ranged and bool(asked.keys() & set(RANGE)),
            "sort": "_sort" in asked and asked["_sort"] not in self.sorts,
            "order": "_order" in asked and not self.sorts,
            "mixture": is_walked and bool(asked.keys() & {"_start", "_end", "_sort"}),
            "direction": is_walked and "_order" in asked and not self.goes_both_ways,
        }
        return any(refused.values())

    def order(self, everything: Sequence[Document], asked: Mapping[str, str]) -> list[Document]:
        """Put what the list gives unasked into the order that a query asks for, as json-server does."""
        rising = list(reversed(everything)) if self.falls else list(everything)
        sort = asked.get("_sort", self.own)
        falls = asked.get("_order", "DESC" if self.falls and "_sort" not in asked else "ASC") == "DESC"
        if sort == self.own:
            return rising[::-1] if falls else rising
        known = [one for one in rising if one.get(sort) is not None]
        unknown = [one for one in rising if one.get(sort) is None]
        return sorted(known, key=lambda one: one[sort], reverse=falls) + unknown


BATCHES = ListOf("createdAt", falls=True, sorts=("createdAt", "amount", "remaining", "expires"))
OPERATIONS = ListOf("createdAt", falls=True, sorts=("createdAt", "amount"))
COUPONS = ListOf("createdAt", falls=True, sorts=("id", "createdAt", "expires", "usedAt"))
REWARD_SORTS = (
    *("id", "name", "points", "priority", "availableFrom", "availableTo"),
    *("maxCount", "claimed", "createdAt", "updatedAt"),
)
LISTS: Mapping[str, ListOf] = {
    "/wallet/{wallet}/batch": BATCHES,
    "/my/batch": BATCHES,
    "/wallet/{wallet}/operation": OPERATIONS,
    "/my/operation": OPERATIONS,
    "/wallet/{wallet}/coupon": COUPONS,
    "/my/coupon": COUPONS,
    "/wallet/{wallet}/hold": ListOf("createdAt", falls=True),
    "/wallet/{wallet}/statement": ListOf("at", sorts=("at",), goes_both_ways=True, name="seq"),
    "/reward": ListOf("id", sorts=REWARD_SORTS),
    "/my/reward": ListOf("priority", falls=True),
    "/report/wallets": ListOf("wallet", name="wallet"),
    "/balances/import": ListOf("created", falls=True, is_ranged=False, name="importId"),
    "/balances/import/{importId}/errors": ListOf("line", is_ranged=False, name="line"),
    "/balances/import/{importId}/wallets": ListOf("wallet", is_ranged=False, name="wallet"),
}


def queries(sorts: Sequence[str], cursor: str) -> list[dict[str, str]]:
    """Give every parameter of a list alone, in pairs, and `limit` and `cursor` with a sort in a direction."""
    values = {
        "limit": [str(LIMIT)],
        "cursor": [cursor],
        "_start": [str(START)],
        "_end": [str(END)],
        "_sort": [*sorts, "colour"],
        "_order": ["ASC", "DESC"],
    }
    single = [(name, value) for name, some in values.items() for value in some]
    pairs = [dict(pair) for pair in product(single, repeat=2) if pair[0][0] <= pair[1][0]]
    places = {"_start": str(START), "_end": str(START + LIMIT)}
    triples = [{**pair, **places} for pair in pairs if pair.keys() <= {"_sort", "_order"}]
    return [one for one in [*pairs, *triples, {"cursor": cursor, "limit": "1"}] if one]


@dataclass(frozen=True, slots=True)
class Furnished:
    """A tenant with three things or more in every list, and who asks for them: its key, or the wallet's user."""

    shop: Shop
    names: Mapping[str, str]
    token: str

    async def read(self, address: str) -> httpx2.Response:
        """Read one page, from the path of a list or the address of a Link."""
        path = address.removeprefix(FACE_B).format_map(self.names)
        who = {"authorization": f"Bearer {self.token}"} if path.startswith("/my/") else {"x-api-key": self.shop.key}
        return await self.shop.http.get(FACE_B + path, headers=who)

    async def walk(self, page: httpx2.Response) -> list[Document]:
        """Give what is on a page, and on all to which its Link leads."""
        met: list[Document] = page.json()
        while "link" in page.headers:
            page = await self.read(page.headers["link"].partition(">")[0][1:])
            assert page.status_code == 200, page.text
            met += page.json()
        return met


async def furnish_lists(shop: Shop, folder: Path, wallet: str) -> Mapping[str, str]:
    """Put something into every list of a tenant, and give the names in their paths."""

    async def write(path: str, body: object, method: str = "POST") -> Any:
        answer = await shop.http.request(method, FACE_B + path, json=body, headers={"x-api-key": shop.key})
        assert answer.is_success, answer.text
        return answer.json()

    claimer = str(uuid4())
    for named in (wallet, claimer):
        await write(f"/wallet/{named}", {}, "PUT")
    for amount, days in ((40, 3), (20, 1), (60, 9), (30, 2)):
        await write(f"/wallet/{wallet}/batch/sync", {"amount": amount, "expires": _in(days)})
    await write(f"/wallet/{claimer}/batch/sync", {"amount": 100})
    for amount in (5, 9, 7):
        await write(f"/wallet/{wallet}/operation", {"amount": amount})
        await write(f"/wallet/{wallet}/hold", {"amount": amount, "expires": _in(amount)})
    for days in (4, 8, 6):
        content = {"details": {"literals": {"en": "Coffee"}}, "expires": _in(days)}
        coupon = await write(f"/wallet/{wallet}/coupon", content)
        await write(f"/wallet/{wallet}/coupon/use", {"coupon": coupon["id"]})
    for count, name in ((1, "Cake"), (3, "Apple"), (2, "Bread")):
        reward = await write("/reward", _reward(name, count))
        for _ in range(count):
            await write(f"/wallet/{claimer}/reward/{reward['id']}/claim", {})
    return {"wallet": wallet, "importId": await _import_balances(Accountant(shop, folder))}


async def _import_balances(accountant: Accountant) -> str:
    ids: list[str] = []
    for number in range(3):
        rows = [f"a{number}{row},{uuid4()},{row + 1}" for row in range(3)] + [f"b{row},nobody,1" for row in range(3)]
        ids.append((await accountant.bring("\n".join(["batch,wallet,amount", *rows, ""]), "?onError=skip"))["importId"])
    return ids[0]


def _reward(name: str, number: int) -> Document:
    said = {"name": name, "points": number, "priority": 10 - number, "maxCount": 10 * number, "visible": True}
    return {**said, "availableFrom": _in(-number), "availableTo": _in(number), "data": {}}


def _in(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()
