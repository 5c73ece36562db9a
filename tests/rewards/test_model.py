from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from pydantic import ValidationError

from guerdon.platform.problems import Problem
from guerdon.rewards.errors import RewardLimitReached, RewardNotAvailable, RewardOutOfStock
from guerdon.rewards.model import Reward
from guerdon.rewards.schemas import RewardBody

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOON = NOON + timedelta(microseconds=1)
OPEN = Reward(
    uuid4(),
    "Coffee",
    is_visible=True,
    details_text=None,
    available_from=None,
    available_to=None,
    points=10,
    max_count=None,
    max_per_wallet=None,
    priority=None,
    data_text="{}",
    tags=(),
    extra_text="{}",
    claimed=0,
    created_at=NOON,
    updated_at=NOON,
)
LIMITED = replace(OPEN, max_count=3, max_per_wallet=2)


@pytest.mark.parametrize(
    ("reward", "claims", "refusal"),
    [
        (replace(OPEN, claimed=10**9), 10**9, None),
        (replace(OPEN, available_from=NOON, available_to=SOON), 0, None),
        (replace(LIMITED, claimed=2), 1, None),
        # Refusals, in order of precedence.
        (replace(LIMITED, available_from=SOON, claimed=3), 2, RewardNotAvailable),
        (replace(LIMITED, available_to=NOON, claimed=3), 2, RewardNotAvailable),  # The end is outside the window.
        (replace(LIMITED, claimed=3), 2, RewardOutOfStock),
        (replace(LIMITED, claimed=2), 2, RewardLimitReached),
    ],
)
def test_a_claim_is_refused_in_order(reward: Reward, claims: int, refusal: type[Problem] | None) -> None:
    if refusal is None:
        reward.check_claimable(claims, NOON)
        return
    with pytest.raises(refusal):
        reward.check_claimable(claims, NOON)


@pytest.mark.parametrize(
    ("extra", "ends_at"), [("{}", None), ('{"couponExpiresInDays": "7"}', NOON + timedelta(days=7))]
)
def test_the_coupon_of_a_claim_ends_as_the_reward_says(extra: str, ends_at: datetime | None) -> None:
    assert replace(OPEN, extra_text=extra).coupon_expires_at(NOON) == ends_at


BODY: dict[str, object] = {"name": "Free coffee", "points": 10, "data": {}}


@pytest.mark.parametrize(
    "name", ["abc", "Кофе № 1".replace("№", "no"), "咖啡券", "Kaffee_2.0 - groß", "قهوة", "x" * 128]
)
def test_a_name_has_letters_of_any_script(name: str) -> None:
    assert RewardBody.model_validate({**BODY, "name": name}).name == name


@pytest.mark.parametrize(
    "wrong",
    [
        *({"name": name} for name in ("ab", "x" * 129, "50 % off", "a/b", "tab\tbed", "☕☕☕", 123, None)),
        *({"points": points} for points in (0, -1, "1", None)),
        *({"maxCount": count} for count in (0, 2**31, "1")),
        *({"maxPerWallet": count} for count in (0, 2**31)),
        *({"priority": priority} for priority in (-1, 2**31)),
        *({"tags": tags} for tags in (["x"] * 17, ["x" * 65], [1], "x")),
        *({"extra": extra} for extra in ({"a": 1}, {"couponExpiresInDays": "0"}, {"couponExpiresInDays": "36501"})),
        *({"data": data} for data in (None, {"couponKey": 1}, {"extra": {"a": None}})),
        {"details": {"media": [{"url": 1}]}},
        {"details": {"literals": {"de": 1}}},
        {"visible": "yes"},
        {"availableFrom": "tomorrow"},
    ],
    ids=repr,
)
def test_what_breaks_the_contract_of_a_reward_is_refused(wrong: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError):
        RewardBody.model_validate({**BODY, **wrong})


def test_members_of_older_clients_are_ignored() -> None:
    body = RewardBody.model_validate({**BODY, "code": "OLD", "data": {"couponKey": "c", "product": "old"}})

    assert body.data.model_dump(by_alias=True, exclude_none=True) == {"couponKey": "c"}
