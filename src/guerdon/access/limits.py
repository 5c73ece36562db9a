"""Rate limits: so many requests a minute, per tenant and per anonymous address, in each process.

Fixed windows in a dictionary: half a microsecond a request, and no timer thread, which is why the `limits`
package, at 8 µs and a thread every 10 ms, is not used here.
"""

import ipaddress
import math

from msgspec import Struct

from guerdon.platform.problems import TooManyRequests

WINDOW_S = 60
COUNTED_MAX = 100_000
IPV6_NETWORK_BITS = 64  # what one household or machine is given; its single addresses cost nothing
IPV6_BITS = 128
ADDRESS_CHARACTERS_MAX = 64


class Allowance(Struct, frozen=True):
    """What is left of a limit after this request."""

    policy: str
    limit: int
    remaining: int
    resets_in_s: int

    def headers(self) -> dict[str, str]:
        """Say it as the IETF's draft on RateLimit header fields does (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.limit};w={WINDOW_S}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.resets_in_s}',
        }

    def wire_headers(self) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        """Say the same as it stands on the wire."""
        policy = self.policy.encode()
        return (
            (b"ratelimit-policy", b'"%b";q=%d;w=%d' % (policy, self.limit, WINDOW_S)),
            (b"ratelimit", b'"%b";r=%d;t=%d' % (policy, self.remaining, self.resets_in_s)),
        )


class RateLimits:
    """Counts the requests of this process; `now_s` is a clock that only runs forward, in seconds."""

    def __init__(self, *, requests_per_minute: int, anonymous_requests_per_minute: int) -> None:
        """Begin with full allowances."""
        self._tenant_limit = requests_per_minute
        self._address_limit = anonymous_requests_per_minute
        self._tenants = _Windows(COUNTED_MAX)
        self._addresses = _Windows(COUNTED_MAX)

    def take_tenant(self, tenant_id: str, own_limit: int | None, now_s: float) -> Allowance:
        """Count one request of a tenant, against its own limit if it has one. Raises TooManyRequests."""
        limit = self._tenant_limit if own_limit is None else own_limit
        return _take(self._tenants, "tenant", tenant_id, limit, now_s)

    def take_address(self, address: str, now_s: float) -> Allowance:
        """Count one request without a good credential; an IPv6 network counts as one. Raises TooManyRequests."""
        return _take(self._addresses, "address", _network_of(address), self._address_limit, now_s)


class _Windows:
    """How often each key was counted in its running minute, for the newest `keys_max` keys."""

    def __init__(self, keys_max: int) -> None:
        self._keys_max = keys_max
        self._windows: dict[str, list[float]] = {}

    def count(self, key: str, now_s: float) -> tuple[float, float]:
        """Count once; give the count and when it starts anew."""
        window = self._windows.get(key)
        if window is None or window[1] <= now_s:
            self._windows.pop(key, None)
            if len(self._windows) >= self._keys_max:
                del self._windows[next(iter(self._windows))]
            window = self._windows[key] = [0, now_s + WINDOW_S]
        window[0] += 1
        return window[0], window[1]


def _take(windows: _Windows, policy: str, key: str, limit: int, now_s: float) -> Allowance:
    count, ends_s = windows.count(key, now_s)
    resets_in_s = max(1, math.ceil(ends_s - now_s))
    allowance = Allowance(policy, limit, max(0, limit - int(count)), resets_in_s)
    if count > limit:
        refusal = TooManyRequests(resets_in_s)
        refusal.headers.update(allowance.headers())
        raise refusal
    return allowance


def _network_of(address: str) -> str:
    if ":" not in address:
        return address[:ADDRESS_CHARACTERS_MAX]
    try:
        number = int(ipaddress.IPv6Address(address.partition("%")[0]))
    except ValueError:
        return address[:ADDRESS_CHARACTERS_MAX]
    return f"{number >> (IPV6_BITS - IPV6_NETWORK_BITS):x}"
