"""Time as a test tells it."""

from datetime import UTC, datetime


class Clock:
    """A clock that a test sets, of a tenant or of the world."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self, _tenant_id: str = "") -> datetime:
        return self.now
