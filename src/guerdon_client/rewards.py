"""Calls on rewards: keep the catalogue, read it as users see it, claim."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from guerdon_client.calls import NO_CONTENT, OK, Answer, Call, path_of, read_receipt, write_headers
from guerdon_client.coupons import (
    CREATED,
    PAGE,
    WALLETS,
    Coupon,
    CouponData,
    Details,
    read_coupon,
    read_data,
    read_details,
)
from guerdon_client.exact import read_json, write_json
from guerdon_client.model import Receipt
from guerdon_client.pages import Page, page_query, read_page
from guerdon_client.reading import Members, read_items, read_names, read_object
from guerdon_client.wallet_model import WalletId

RewardOrder = Literal[
    "id", "name", "points", "priority", "availableFrom", "availableTo", "maxCount", "claimed", "createdAt", "updatedAt"
]


@dataclass(frozen=True, slots=True)
class RewardTerms:
    """What a reward is to be; `data` and `details` become the coupon's.

    `max_count` is how many can be claimed in all, `max_per_wallet` how many by one wallet. `extra` may say
    `couponExpiresInDays`.
    """

    name: str
    points: Decimal | int
    data: CouponData
    visible: bool = False
    details: Details | None = None
    available_from: datetime | None = None
    available_to: datetime | None = None
    max_count: int | None = None
    max_per_wallet: int | None = None
    priority: int | None = None
    tags: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Reward:
    """A reward as it stands; `remaining` is how many can still be claimed, None without a limit."""

    reward_id: UUID
    terms: RewardTerms
    remaining: int | None
    claimed: int | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim came to: the operation that spent the points, by which it can be rolled back, and the coupon."""

    operation_id: UUID
    points: Decimal
    coupon: Coupon
    receipt: Receipt


def create_reward(terms: RewardTerms, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Reward]:
    """Put a reward into the catalogue. Raises InvalidRequest."""
    return Call(
        "POST",
        _rewards(),
        _read_reward,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        body=write_json(terms),
        statuses=frozenset({CREATED}),
        needs_key=True,
        is_of_server=True,
    )


def put_reward(
    reward_id: UUID, terms: RewardTerms, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Reward]:
    """Replace a reward as a whole, or create it. Raises InvalidRequest, Conflict when more have been claimed."""
    return Call(
        "PUT",
        _rewards(str(reward_id)),
        _read_reward,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        body=write_json(terms),
        statuses=frozenset({OK, CREATED}),
        needs_key=True,
        is_of_server=True,
    )


def get_reward(reward_id: UUID) -> Call[Reward]:
    """Read a reward. Raises NotFound."""
    return Call("GET", _rewards(str(reward_id)), _read_reward, is_of_server=True)


def delete_reward(reward_id: UUID, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Receipt]:
    """Take a reward out of the catalogue; coupons that it gave stay. Raises NotFound."""
    return Call(
        "DELETE",
        _rewards(str(reward_id)),
        read_receipt,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        statuses=frozenset({NO_CONTENT}),
        needs_key=True,
        is_of_server=True,
    )


def list_rewards(
    *,
    sort: RewardOrder = "id",
    is_descending: bool = False,
    start: int = 0,
    end: int = PAGE,
    tag: str | None = None,
    visible: bool | None = None,
) -> Call[Page[Reward]]:
    """List rewards from place `start` up to `end`; the page's `total` counts them all."""
    order = "DESC" if is_descending else "ASC"
    query = [("_sort", sort), ("_order", order), ("_start", str(start)), ("_end", str(end))]
    query += [] if tag is None else [("tag", tag)]
    query += [] if visible is None else [("visible", "true" if visible else "false")]
    return Call("GET", _rewards(), _read_rewards, query, is_of_server=True)


def iter_rewards(
    *, tag: str | None = None, visible: bool | None = None, limit: int = PAGE
) -> Callable[[str | None], Call[Page[Reward]]]:
    """Walk through all rewards in the order of their ids."""
    query = [] if tag is None else [("tag", tag)]
    query += [] if visible is None else [("visible", "true" if visible else "false")]
    return lambda cursor: _page(_rewards(), query, cursor, limit)


def list_my_rewards(tag: str | None = None, *, cursor: str | None = None, limit: int = PAGE) -> Call[Page[Reward]]:
    """List what the user whose token this is may claim now, by priority."""
    query = [] if tag is None else [("tag", tag)]
    return _page(path_of(*WALLETS, "my", "reward"), query, cursor, limit)


def claim_reward(
    wallet_id: WalletId, reward_id: UUID, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Claimed]:
    """Spend a wallet's points on a reward, and get its coupon.

    Raises NotFound; Conflict when its time has not come, none is left, the wallet has enough of it, or too few points.
    """
    path = path_of(*WALLETS, "wallet", str(wallet_id), "reward", str(reward_id), "claim")
    return _claim(path, idempotency_key, dry_run=dry_run)


def claim_my_reward(reward_id: UUID, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Claimed]:
    """Spend the points of the user whose token this is on a visible reward. Raises as `claim_reward`."""
    return _claim(path_of(*WALLETS, "my", "reward", str(reward_id), "claim"), idempotency_key, dry_run=dry_run)


def _rewards(*segments: str) -> str:
    return path_of(*WALLETS, "reward", *segments)


def _claim(path: str, idempotency_key: str | None, *, dry_run: bool) -> Call[Claimed]:
    headers = write_headers(idempotency_key, dry_run=dry_run)
    created = frozenset({CREATED})
    return Call("POST", path, _read_claimed, (), headers, statuses=created, needs_key=True, is_of_server=True)


def _page(path: str, query: list[tuple[str, str]], cursor: str | None, limit: int) -> Call[Page[Reward]]:
    return Call("GET", path, _read_rewards, [*query, *page_query(cursor, limit)], is_of_server=True)


def _read_claimed(answer: Answer) -> Claimed:
    members = read_object(answer.body)
    operation = Members(members.mapping("operation"))
    coupon = read_coupon(Members(members.mapping("coupon")))
    return Claimed(UUID(operation.text("id")), operation.number("amount"), coupon, answer.receipt)


def _read_rewards(answer: Answer) -> Page[Reward]:
    return read_page(answer, tuple(_reward(Members(item)) for item in read_items(read_json(answer.body))))


def _read_reward(answer: Answer) -> Reward:
    return _reward(read_object(answer.body))


def _reward(members: Members) -> Reward:
    terms = RewardTerms(
        members.text("name"),
        members.number("points"),
        members.find("data", read_data) or CouponData(),
        members.find_flag("visible") or False,
        members.find("details", read_details),
        members.find_instant("availableFrom"),
        members.find_instant("availableTo"),
        members.find_whole("maxCount"),
        members.find_whole("maxPerWallet"),
        members.find_whole("priority"),
        read_names(members.items("tags"), "tags"),
        dict(members.find_texts("extra") or {}),
    )
    remaining, claimed = members.find_whole("remaining"), members.find_whole("claimed")
    return Reward(UUID(members.text("id")), terms, remaining, claimed, members.find_instant("createdAt"))
