"""The passes of the sandbox's demo tenant: one of each type, with something on it to see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from guerdon.entrypoints.sandbox_tokens import USER_UUID
from guerdon.ledger.amounts import to_millionths
from guerdon.passes.creating import NewPass, create_pass
from guerdon.passes.model import JsonObject
from guerdon.passes.pass_type import PassType
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.clock import rfc3339
from guerdon.platform.db import Tx
from guerdon.platform.ids import new_id, new_pass_id, new_secret
from guerdon.platform.keys import MasterKey
from guerdon.privileges.granting import Bounds, add_privilege
from guerdon.privileges.model import PastMovement, Privilege

ACTOR: Final = "sandbox"
REMARK: Final = "what the demo begins with"


@dataclass(frozen=True, slots=True)
class DemoPrivilege:
    """One privilege of a demo pass; the pass type finds it by its external id."""

    external_id: str
    type: str
    value: int
    title: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class DemoPass:
    """One pass that the sandbox begins with."""

    pass_type: str
    identifiers: Mapping[str, str]
    additional_data: JsonObject
    metadata: JsonObject
    privileges: Sequence[DemoPrivilege] = ()


LOYALTY = DemoPass(
    "loyalty",
    {"customerId": "1"},
    {"firstName": "Ada"},
    {"tier": "Friend"},
    (
        DemoPrivilege("stamps", "MultiUse", 7, "Stamps", "7 of 10 stamps"),
        DemoPrivilege("points", "MultiUse", 120, "Points"),
        DemoPrivilege("free-coffee", "OneTime", 1, "Free coffee", "One hot drink, whatever its size"),
    ),
)


async def create_demo_passes(tx: Tx, master_key: MasterKey, now: datetime) -> dict[str, str]:
    """Create the demo passes that are not there yet, and give the id of each by its type.

    What was changed on them since is left as it is. Raises UnknownPassType.
    """
    types = PassTypes()
    return {demo.pass_type: await _create(tx, master_key, types, demo, now) for demo in demo_passes(now)}


def demo_passes(now: datetime) -> list[DemoPass]:
    """Say what the demo passes are; dates count from `now`."""
    in_a_year, in_three_years = now + timedelta(days=365), now + timedelta(days=3 * 365)
    return [
        LOYALTY,
        _ticket(now.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=7)),
        DemoPass(
            "giftcard",
            {"cardNumber": "6006491422100017"},
            {"recipient": "Ada", "sender": "Grace", "message": "Enjoy!", "validUntil": rfc3339(in_three_years)},
            {},
            (DemoPrivilege("balance", "MultiUse", 50, "Balance"),),
        ),
        DemoPass(
            "offer",
            {"offerId": "SPRING-1001"},
            {"code": "SPRING-1001", "validUntil": rfc3339(in_a_year)},
            {},
            (DemoPrivilege("offer", "OneTime", 1, "Spring service"),),
        ),
        DemoPass(
            "generic",
            {"memberId": "M-1001"},
            {"name": "Ada Example", "since": rfc3339(now), "validUntil": rfc3339(in_a_year)},
            {"tier": "Patron"},
            (DemoPrivilege("guests", "MultiUse", 4, "Guest visits"),),
        ),
        # It names the wallet of the user whose token sandbox.json has, and shows the points in it.
        DemoPass("points", {"walletId": USER_UUID}, {"firstName": "Ada"}, {}),
    ]


def _ticket(visit: datetime) -> DemoPass:
    return DemoPass(
        "ticket",
        {"ticketId": "T-1001"},
        {
            "date": rfc3339(visit),
            "endDate": rfc3339(visit + timedelta(hours=8)),
            "holder": "Ada Example",
            "people": 2,
            "price": 24,
            "currency": "EUR",
        },
        {"orderId": "O-1001"},
        (DemoPrivilege("entry", "OneTime", 1, "Entry"),),
    )


async def _create(tx: Tx, master_key: MasterKey, types: PassTypes, demo: DemoPass, now: datetime) -> str:
    wanted = new_pass_id()
    new = NewPass(wanted, new_secret(), demo.pass_type, demo.identifiers, demo.metadata, demo.additional_data)
    pass_id = await create_pass(tx, master_key, new, ACTOR, now)
    if pass_id == wanted:
        bounds = _bounds(await types.get(tx, demo.pass_type))
        for priority, privilege in enumerate(reversed(demo.privileges)):
            await _grant(tx, pass_id, privilege, priority, bounds, now)
    return pass_id


async def _grant(tx: Tx, pass_id: str, demo: DemoPrivilege, priority: int, bounds: Bounds, now: datetime) -> None:
    content: dict[str, object] = {"title": {"value": demo.title}}
    if demo.description is not None:
        content["description"] = {"value": demo.description}
    body = msgspec.json.encode({"externalId": demo.external_id, "content": content}).decode()
    privilege = Privilege(new_id().hex, pass_id, new_id(), demo.type, priority, body, None, None, now)
    opening = PastMovement(new_id().hex, to_millionths(demo.value), now, REMARK)
    await add_privilege(tx, privilege, (opening,), bounds, ACTOR, now)


def _bounds(pass_type: PassType) -> Bounds:
    floor, ceiling = pass_type.privilege_floor, pass_type.privilege_ceiling
    return (
        None if floor is None else to_millionths(floor),
        None if ceiling is None else to_millionths(ceiling),
    )
