"""What is told of the usage of passes."""

from datetime import date

from guerdon.platform.wire import Body


class WalletUsage(Body):
    """Installations in one wallet: ever, ended, and those there now (of a day: by how many they changed)."""

    installed: int
    uninstalled: int
    active: int


class Usage(Body):
    """What passes come to: ever created, deleted, there now, scanned, and their installations by wallet."""

    created: int
    deleted: int
    passes: int
    scanned: int
    apple: WalletUsage
    google: WalletUsage


class TypeUsage(Usage):
    """The usage of one pass type."""

    pass_type: str


class DayUsage(Usage):
    """What happened on one day; `passes` and `active` say by how many they changed."""

    day: date


class TenantUsage(Body):
    """The tenant's totals since its first pass, and a series of days in UTC."""

    time_zone: str
    totals: Usage
    days: list[DayUsage]
