"""Calls on coupons: give, use, take back, list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from guerdon_client.calls import Answer, Call, path_of, write_headers
from guerdon_client.exact import read_json, write_json
from guerdon_client.pages import Page, read_page
from guerdon_client.reading import Members, read_items, read_object
from guerdon_client.wallet_model import WalletId

WALLETS: Final = ("wallet2-api", "api")
CREATED: Final = 201
PAGE: Final = 100

CouponStatus = Literal["ACTIVE", "USED", "EXPIRED", "CANCELLED"]


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a film, by its address."""

    url: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """What a coupon or a reward says: texts by name (of languages, as you name them), and media."""

    literals: Mapping[str, str] = field(default_factory=dict[str, str])
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True)
class CouponData:
    """What a coupon does; the server never looks inside."""

    coupon_key: str | None = None
    enable_key: str | None = None
    product_id: str | None = None
    category_id: str | None = None
    extra: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon as it stands; `reward_id` and `operation_id` are there when it was claimed."""

    coupon_id: str
    wallet_id: UUID
    status: str
    details: Details
    data: CouponData | None
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    used_by: str | None = None
    reverted_at: datetime | None = None
    cancelled_at: datetime | None = None
    reward_id: UUID | None = None
    operation_id: UUID | None = None


def give_coupon(
    wallet_id: WalletId,
    details: Details,
    data: CouponData | None = None,
    *,
    expires_at: datetime | None = None,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[Coupon]:
    """Give a wallet a new coupon. Raises InvalidRequest, NotFound."""
    body = write_json({"details": details, "data": data, "expires": expires_at})
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return _write(_coupons(wallet_id), body, headers, CREATED)


def use_coupon(
    wallet_id: WalletId, coupon_id: str, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Coupon]:
    """Mark a coupon used. Raises NotFound, Conflict when it was used before, Gone when its time is over."""
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return _write(_coupons(wallet_id, "use"), write_json({"coupon": coupon_id}), headers)


def revert_coupon(
    wallet_id: WalletId, coupon_id: str, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Coupon]:
    """Take the use of a coupon back. Raises NotFound, Conflict when it was not used."""
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return _write(_coupons(wallet_id, "revert"), write_json({"coupon": coupon_id}), headers)


def list_coupons(
    wallet_id: WalletId, status: CouponStatus | None = None, *, cursor: str | None = None, limit: int = PAGE
) -> Call[Page[Coupon]]:
    """List the coupons of a wallet, newest first. Raises NotFound."""
    return _list(_coupons(wallet_id), status, cursor, limit)


def iter_coupons(
    wallet_id: WalletId, status: CouponStatus | None = None, *, limit: int = PAGE
) -> Callable[[str | None], Call[Page[Coupon]]]:
    """Walk through the coupons of a wallet, newest first."""
    return lambda cursor: list_coupons(wallet_id, status, cursor=cursor, limit=limit)


def list_my_coupons(
    status: CouponStatus | None = None, *, cursor: str | None = None, limit: int = PAGE
) -> Call[Page[Coupon]]:
    """List the coupons of the user whose token this is, newest first. Raises NotFound without a wallet."""
    return _list(path_of(*WALLETS, "my", "coupon"), status, cursor, limit)


def read_coupon(members: Members) -> Coupon:
    """Read a coupon's document. Raises BrokenAnswer."""
    return Coupon(
        members.text("id"),
        UUID(members.text("wallet")),
        members.text("status"),
        read_details(Members(members.mapping("details"))),
        members.find("data", read_data),
        members.instant("createdAt"),
        members.find_instant("expires"),
        members.find_instant("usedAt"),
        members.find_text("usedBy"),
        members.find_instant("revertedAt"),
        members.find_instant("cancelledAt"),
        _find_id(members, "reward"),
        _find_id(members, "operation"),
    )


def read_details(members: Members) -> Details:
    """Read what is said. Raises BrokenAnswer."""
    media = (Members(one) for one in members.items("media"))
    literals = members.find_texts("literals") or {}
    return Details(literals, tuple(Media(one.find_text("url"), one.find_text("name")) for one in media))


def read_data(members: Members) -> CouponData:
    """Read what a coupon does. Raises BrokenAnswer."""
    return CouponData(
        members.find_text("couponKey"),
        members.find_text("enableKey"),
        members.find_text("productId"),
        members.find_text("categoryId"),
        members.find_texts("extra"),
    )


def _coupons(wallet_id: WalletId, *segments: str) -> str:
    return path_of(*WALLETS, "wallet", str(wallet_id), "coupon", *segments)


def _write(path: str, body: bytes, headers: Mapping[str, str], status: int = 200) -> Call[Coupon]:
    return Call(
        "POST",
        path,
        lambda answer: read_coupon(read_object(answer.body)),
        headers=headers,
        body=body,
        statuses=frozenset({status}),
        needs_key=True,
        is_of_server=True,
    )


def _list(path: str, status: str | None, cursor: str | None, limit: int) -> Call[Page[Coupon]]:
    query = [("limit", str(limit))]
    query += [(name, text) for name, text in (("status", status), ("cursor", cursor)) if text is not None]
    return Call("GET", path, _read_coupons, query, is_of_server=True)


def _read_coupons(answer: Answer) -> Page[Coupon]:
    return read_page(answer, tuple(read_coupon(Members(item)) for item in read_items(read_json(answer.body))))


def _find_id(members: Members, name: str) -> UUID | None:
    text = members.find_text(name)
    return None if text is None else UUID(text)
