"""Which addresses a webhook may be sent to: public ones, and the private networks that the operator allows."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from httpx2 import URL, InvalidURL

from guerdon.webhooks.errors import EndpointRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

ENDPOINT_CHARACTERS_MAX: Final = 2048
HTTPS_PORT: Final = 443
HTTP_PORT: Final = 80
PORT_MAX: Final = 65_535
HOST: Final = re.compile(r"[A-Za-z0-9._:-]{1,253}")
# What is not public: RFC 6890 and its successors, named here one by one since libraries change their minds about them.
CLOSED: Final[tuple[Network, ...]] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT; a cloud's metadata lies here too
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own services, at a public address
        "169.254.0.0/16",  # link-local; the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "100::/64",
        "2001::/23",  # Teredo and other special uses
        "2001:db8::/32",
        "3fff::/20",
    )
)
OPEN_V6: Final = IPv6Network("2000::/3")  # all that is global unicast today
NAT64: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
SIX_TO_FOUR: Final = IPv6Network("2002::/16")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a webhook is sent, as its address says; `host` is a name or an address, not yet looked up."""

    url: str
    host: str
    port: int
    is_secure: bool


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What this installation allows beside public addresses."""

    allowed: Sequence[Network] = ()

    def is_open(self, address: Address) -> bool:
        """Tell whether a connection to this very address is allowed.

        An IPv6 address that carries an IPv4 address is judged by the latter, and by nothing else.
        """
        meant = carried(address)
        if any(meant in network for network in self.allowed if network.version == meant.version):
            return True
        if isinstance(meant, IPv6Address) and (meant not in OPEN_V6 or meant in SIX_TO_FOUR):
            return False
        return not any(meant in network for network in CLOSED if network.version == meant.version)

    def choose(self, addresses: Iterable[str], *, is_secure: bool) -> list[str]:
        """Give those among looked-up addresses that may be connected to; without TLS only this machine's own.

        Raises ValueError, whose text says why there is none.
        """
        found = [ip_address(text.partition("%")[0]) for text in addresses]
        good = [one for one in found if self.is_open(one) and (is_secure or carried(one).is_loopback)]
        if not good:
            raise ValueError("The name leads to no address that may be called: private and special ones are refused.")
        return [str(one) for one in good]


def read_networks(text: str) -> tuple[Network, ...]:
    """Read networks such as `10.1.0.0/16, fd00::/8`, divided by commas. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def read_endpoint(text: str) -> Endpoint:
    """Read an address that a webhook may have by its form: https, or http, without user, password and fragment.

    Raises EndpointRefused.
    """
    try:
        url = URL(text)
    except (InvalidURL, ValueError, UnicodeError) as broken:
        raise EndpointRefused("This is no URL.") from broken
    if url.scheme not in {"https", "http"} or not url.host:
        raise EndpointRefused("Give an https:// URL with a host.")
    if url.userinfo or url.fragment or "#" in text:
        raise EndpointRefused("Leave out user, password and fragment; the signature says who sends.")
    if len(str(url)) > ENDPOINT_CHARACTERS_MAX:
        raise EndpointRefused(f"The URL may have at most {ENDPOINT_CHARACTERS_MAX} characters.")
    is_secure = url.scheme == "https"
    host = url.raw_host.decode("ascii")
    port = (HTTPS_PORT if is_secure else HTTP_PORT) if url.port is None else url.port
    if HOST.fullmatch(host) is None or not 1 <= port <= PORT_MAX:
        raise EndpointRefused("Give a host that can be looked up, and a port from 1 to 65535.")
    return Endpoint(str(url), host, port, is_secure)


def carried(address: Address) -> Address:
    """Give the IPv4 address that an IPv6 address stands for (mapped, compatible, NAT64, 6to4), else the address."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    low = int(address) & 0xFFFF_FFFF
    if any(address in network for network in NAT64) or (int(address) >> 32 == 0 and low > 1):
        return IPv4Address(low)
    return address
