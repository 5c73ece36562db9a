import pytest

from guerdon.access.limits import COUNTED_MAX, RateLimits
from guerdon.platform.problems import TooManyRequests


def limits() -> RateLimits:
    return RateLimits(requests_per_minute=3, anonymous_requests_per_minute=2)


def test_a_tenant_has_so_many_requests_a_minute() -> None:
    made = limits()

    left = [made.take_tenant("demo", None, now_s).remaining for now_s in (0.0, 1.0, 2.0)]

    assert left == [2, 1, 0]
    with pytest.raises(TooManyRequests):
        made.take_tenant("demo", None, 59.9)
    assert made.take_tenant("demo", None, 60.0).remaining == 2


def test_a_refusal_says_when_to_come_back() -> None:
    made = limits()
    for _ in range(3):
        made.take_tenant("demo", None, 0)

    with pytest.raises(TooManyRequests) as refused:
        made.take_tenant("demo", None, 17.5)

    assert refused.value.headers == {
        "Retry-After": "43",
        "RateLimit-Policy": '"tenant";q=3;w=60',
        "RateLimit": '"tenant";r=0;t=43',
    }


def test_tenants_do_not_use_up_each_other() -> None:
    made = limits()
    for _ in range(3):
        made.take_tenant("demo", None, 0)

    assert made.take_tenant("other", None, 0).remaining == 2


def test_a_tenant_may_have_its_own_limit() -> None:
    assert limits().take_tenant("demo", 10, 0).limit == 10


def test_an_allowance_is_told_in_headers() -> None:
    assert limits().take_address("192.0.2.1", 0).headers() == {
        "RateLimit-Policy": '"address";q=2;w=60',
        "RateLimit": '"address";r=1;t=60',
    }


@pytest.mark.parametrize(
    ("one", "other", "is_shared"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),  # One network of 64 bits is one caller.
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("not:an:address", "not:another", False),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, is_shared: bool) -> None:
    made = limits()
    made.take_address(one, 0)

    assert made.take_address(other, 0).remaining == (0 if is_shared else 1)


def test_a_flood_of_addresses_drops_the_oldest_and_grows_nothing() -> None:
    made = limits()
    for number in range(COUNTED_MAX + 1):
        made.take_address(f"10.{number}", 0)

    assert made.take_address("10.0", 0).remaining == 1
    assert made.take_address(f"10.{COUNTED_MAX}", 0).remaining == 0
