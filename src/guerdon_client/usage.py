"""Calls on what passes come to: by type, and overall by day."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from guerdon_client.calls import Answer, Call, path_of
from guerdon_client.errors import BrokenAnswer
from guerdon_client.exact import read_json
from guerdon_client.reading import Members, read_items, read_object

PASSES: Final = "passes"


@dataclass(frozen=True, slots=True)
class WalletUsage:
    """Installations in one wallet: ever, ended, and those there now (of a day: by how many they changed)."""

    installed: int
    uninstalled: int
    active: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What passes come to: ever created, deleted, there now (of a day: the change), scanned, and installations."""

    created: int
    deleted: int
    passes: int
    scanned: int
    apple: WalletUsage
    google: WalletUsage


@dataclass(frozen=True, slots=True)
class TenantUsage:
    """The totals since the first pass, and each day of a window, in UTC."""

    totals: Usage
    days: dict[date, Usage]


def get_usage_by_type(pass_type: str | None = None) -> Call[dict[str, Usage]]:
    """Read what the passes of each type come to, or of one. Raises InvalidRequest for an unknown type."""
    query = [] if pass_type is None else [("passType", pass_type)]
    return Call("GET", path_of(PASSES, "statistics"), _read_types, query)


def get_usage(first: date | None = None, last: date | None = None) -> Call[TenantUsage]:
    """Read what all passes come to, and each day from `first` to `last`, 366 at most. Raises InvalidRequest."""
    days = (("from", first), ("to", last))
    query = [(name, day.isoformat()) for name, day in days if day is not None]
    return Call("GET", path_of(PASSES, "usage"), _read_usage, query)


def _read_types(answer: Answer) -> dict[str, Usage]:
    rows = [Members(item) for item in read_items(read_json(answer.body))]
    return {members.text("passType"): _usage(members) for members in rows}


def _read_usage(answer: Answer) -> TenantUsage:
    members = read_object(answer.body)
    days = [Members(item) for item in members.items("days")]
    return TenantUsage(_usage(Members(members.mapping("totals"))), {_day(one): _usage(one) for one in days})


def _day(members: Members) -> date:
    text = members.text("day")
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise BrokenAnswer(f"The member 'day' is {text!r}; a day was promised.") from wrong


def _usage(members: Members) -> Usage:
    return Usage(
        members.whole("created"),
        members.whole("deleted"),
        members.whole("passes"),
        members.whole("scanned"),
        _wallet(Members(members.mapping("apple"))),
        _wallet(Members(members.mapping("google"))),
    )


def _wallet(members: Members) -> WalletUsage:
    return WalletUsage(members.whole("installed"), members.whole("uninstalled"), members.whole("active"))
