"""The one place that asks what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime

# What time it is for a tenant, by its id: the world's time, unless the tenant's clock is frozen (decision 0010).
TenantClock = Callable[[str], datetime]


def utc_now() -> datetime:
    """Tell the present instant, aware and in UTC."""
    return datetime.now(UTC)


def rfc3339(instant: datetime) -> str:
    """Print an instant as the wire wants it: UTC with `Z`, milliseconds at most."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return text.replace(".000Z", "Z")
