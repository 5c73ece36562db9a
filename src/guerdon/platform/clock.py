"""The one place that asks what time it is."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Tell the present instant, aware and in UTC."""
    return datetime.now(UTC)


def rfc3339(instant: datetime) -> str:
    """Print an instant as the wire wants it: UTC with `Z`, milliseconds at most."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return text.replace(".000Z", "Z")
