"""The bodies of the operations on rewards (seed 003)."""

import re
import unicodedata
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from guerdon.coupons.documents import CouponData, CouponDocument, Details
from guerdon.platform.wire import (
    INT32_FORMAT,
    INT32_MAX,
    NO_NUL,
    WHOLE,
    AtMost,
    Instant,
    OpenBody,
    Positive,
    Texts,
    told_together,
)
from guerdon.rewards.model import COUPON_DAYS_MAX, COUPON_DAYS_MEMBER

TAGS_MAX = 16
NAME_MIN, NAME_MAX = 3, 128
NAME_SIGNS = frozenset("_. -")
DAYS = re.compile(r"[1-9][0-9]{0,4}")
LETTERS_AND_NUMBERS = frozenset("LN")  # of Unicode's general categories, the first letter


def _read_name(name: str) -> str:
    return told_together(lambda: _check_length(name), lambda: _check_signs(name))


def _check_length(name: str) -> None:
    if not NAME_MIN <= len(name) <= NAME_MAX:
        raise ValueError(f"Give {NAME_MIN} to {NAME_MAX} characters.")


def _check_signs(name: str) -> str:
    # Python's regular expressions do not know \p{L}: the categories are asked one by one.
    if not all(sign in NAME_SIGNS or unicodedata.category(sign)[0] in LETTERS_AND_NUMBERS for sign in name):
        raise ValueError("Use letters and numbers of any script, blanks, and the signs _ . -")
    return name


def _read_extra(extra: object, read: ValidatorFunctionWrapHandler) -> object:
    return told_together(lambda: _check_days(extra), lambda: read(extra))


def _check_days(extra: object) -> None:
    days = cast("dict[str, object]", extra).get(COUPON_DAYS_MEMBER) if isinstance(extra, dict) else None
    # What is no text is told as any other member of `extra` that is none.
    if isinstance(days, str) and (DAYS.fullmatch(days) is None or int(days) > COUPON_DAYS_MAX):
        raise ValueError(f"{COUPON_DAYS_MEMBER} is a whole number of days between 1 and {COUPON_DAYS_MAX}, as text.")


RewardName = Annotated[
    str,
    AfterValidator(_read_name),
    WithJsonSchema({"type": "string", "minLength": 3, "maxLength": 128, "pattern": r"^[\p{L}\p{N}_. -]+$"}),
]
Tag = Annotated[str, StringConstraints(max_length=64, pattern=NO_NUL)]
# The operation of the operations on wallets, whose room describes it.
OperationMember = Annotated[Any, WithJsonSchema({"allOf": [{"$ref": "#/components/schemas/OperationOut"}]})]
PositiveInt32 = Annotated[int, Field(ge=1, le=INT32_MAX, json_schema_extra=INT32_FORMAT), WHOLE]
Priority = Annotated[int, Field(ge=0, le=INT32_MAX, json_schema_extra=INT32_FORMAT), WHOLE]
RewardExtra = Annotated[Texts, WrapValidator(_read_extra)]


class RewardBody(OpenBody):
    """A reward as it is to be: what is left out is empty, or has no limit."""

    name: RewardName
    visible: bool = False
    details: Details | None = None
    available_from: Instant | None = None
    available_to: Instant | None = None
    points: Positive
    max_count: PositiveInt32 | None = None
    max_per_wallet: PositiveInt32 | None = None
    priority: Priority | None = None
    data: CouponData
    tags: Annotated[list[Tag], AtMost(TAGS_MAX)] = []  # noqa: RUF012 (frozen)
    extra: RewardExtra = {}  # noqa: RUF012 (frozen)


class RewardDocument(RewardBody):
    """A reward as it stands; `remaining` can still be claimed."""

    id: UUID
    remaining: int | None = None
    claimed: int
    created_at: Instant
    updated_at: Instant


class OfferedReward(OpenBody):
    """A reward as users see it."""

    id: UUID
    name: str
    points: Positive
    details: Details | None = None
    available_from: Instant | None = None
    available_to: Instant | None = None
    max_per_wallet: int | None = None
    remaining: int | None = None
    priority: int | None = None
    tags: list[str]


class ClaimDocument(OpenBody):
    """What a claim came to: the spending and the coupon."""

    operation: OperationMember
    coupon: CouponDocument
