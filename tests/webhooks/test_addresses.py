from ipaddress import ip_address

import pytest

from guerdon.webhooks.addresses import AddressRules, read_endpoint, read_networks
from guerdon.webhooks.connecting import check_endpoint
from guerdon.webhooks.errors import EndpointRefused

CLOSED = [
    "0.0.0.0",  # noqa: S104  # nothing is bound
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
OPEN = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00:1450::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]
# Each of these leads, or may lead, to this machine or its networks.
SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "0",
    "0.0.0.0",  # noqa: S104  # nothing is bound
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:169.254.169.254]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_that_is_not_public_is_closed(address: str) -> None:
    assert not AddressRules().is_open(ip_address(address))


@pytest.mark.parametrize("address", OPEN)
def test_a_public_address_is_open(address: str) -> None:
    assert AddressRules().is_open(ip_address(address))


@pytest.mark.parametrize("host", SPELLINGS)
@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_no_spelling_of_an_inner_address_passes(scheme: str, host: str) -> None:
    with pytest.raises(EndpointRefused):
        await check_endpoint(read_endpoint(f"{scheme}://{host}:8080/x"), AddressRules())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "//8.8.8.8/",
        "file:///etc/passwd",
        "gopher://8.8.8.8/",
        "https://",
        "https://user@8.8.8.8/",
        "https://:password@8.8.8.8/",
        "https://8.8.8.8/#x",
        "https://8.8.8.8:0/",
        "https://8.8.8.8:65536/",
        "https://8.8.8.8:x/",
        "https://a b/",
        "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",  # full-width digits
        "https://[::1%25lo]/",
        "https://a_b\\@8.8.8.8/",
        "https://8.8.8.8/\r\nHost: x",
        "https://" + "a" * 300 + ".example/",
        "https://8.8.8.8/" + "a" * 2100,
    ],
)
def test_a_strange_url_is_refused_by_its_form(text: str) -> None:
    with pytest.raises(EndpointRefused):
        read_endpoint(text)


async def test_a_name_with_one_good_address_leads_only_there() -> None:
    rules = AddressRules()

    assert rules.choose(["10.0.0.1", "8.8.8.8", "::1", "fe80::1%eth0"], is_secure=True) == ["8.8.8.8"]


@pytest.mark.parametrize(
    ("allowed", "address", "is_open"),
    [
        ("10.1.0.0/16", "10.1.2.3", True),
        ("10.1.0.0/16", "10.2.0.1", False),
        ("10.1.0.0/16", "::ffff:10.1.2.3", True),
        ("10.1.0.0/16,fd00::/8", "fd12::1", True),
        ("::ffff:0:0/96", "::ffff:127.0.0.1", False),
        ("::/0", "127.0.0.1", False),
    ],
)
def test_the_operator_may_allow_private_networks(allowed: str, address: str, is_open: bool) -> None:
    assert AddressRules(read_networks(allowed)).is_open(ip_address(address)) is is_open


def test_http_leads_to_this_machine_only_and_only_where_that_is_allowed() -> None:
    with pytest.raises(ValueError, match="no address"):
        AddressRules().choose(["8.8.8.8", "127.0.0.1"], is_secure=False)

    assert AddressRules(read_networks("127.0.0.0/8")).choose(["8.8.8.8", "127.0.0.1"], is_secure=False) == ["127.0.0.1"]
