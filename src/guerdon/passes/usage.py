"""What the passes of a tenant come to: counters written with what happens to passes, exact against a recount."""

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from guerdon.passes import usage_queries
from guerdon.passes.errors import UsageWindowInvalid
from guerdon.passes.usage_queries import UsageRow
from guerdon.platform.db import Tx

What = Literal["created", "deleted", "installed", "uninstalled", "scanned", "joined", "left"]
Provider = Literal["", "apple", "google"]

PROVIDERS: Final[tuple[Provider, ...]] = ("apple", "google")
SHARDS: Final = 16
DAYS_DEFAULT, DAYS_MAX = 30, 366
TYPES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Use:
    """Something that happened to a pass of a type; `provider` is empty when it happened to no wallet's copy of it.

    `at` is when it happened, where that is not now.
    """

    what: What
    pass_id: str
    pass_type: str
    provider: Provider = ""
    times: int = 1
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WalletFigures:
    """Installations in one wallet: ever, ended, and those there now."""

    installed: int = 0
    uninstalled: int = 0
    active: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What passes come to: ever created, deleted, there now, scanned, and their installations by wallet."""

    created: int = 0
    deleted: int = 0
    passes: int = 0
    scanned: int = 0
    wallets: Mapping[str, WalletFigures] = field(default_factory=lambda: dict.fromkeys(PROVIDERS, WalletFigures()))


@dataclass(frozen=True, slots=True)
class Window:
    """Days in UTC, the last one included."""

    first: date
    last: date

    def days(self) -> Sequence[date]:
        """List the days, first one first."""
        return [self.first + timedelta(days=offset) for offset in range((self.last - self.first).days + 1)]


async def count_usage(tx: Tx, uses: Iterable[Use], now: datetime) -> None:
    """Count what happened, in the transaction in which it happens and after the rows that it happens to.

    One statement, however many. A count has 16 rows, chosen by pass id, so that many passes made at once do not wait
    for one; rows are taken in key order, so that no two writers wait in a ring.
    """
    counts = Counter[tuple[date, str, str, str, int]]()
    for use in uses:
        day = (use.at or now).astimezone(UTC).date()
        counts[day, use.pass_type, use.provider, use.what, shard_of(use.pass_id)] += use.times
    if counts:
        await usage_queries.add_counts(tx, sorted(counts.items()))


async def count_moves(tx: Tx, moved: Sequence[tuple[str, str]], now: datetime) -> None:
    """Count passes that have taken another type, given with their old one; their rows are locked and changed already.

    Each leaves the one type and joins the other, with its installations.
    """
    standing = {one.pass_id: one for one in await usage_queries.list_standing(tx, [pass_id for pass_id, _ in moved])}
    uses: list[Use] = []
    for pass_id, old_type in moved:
        one = standing[pass_id]
        copies: tuple[tuple[Provider, int], ...] = (
            ("", 1),
            ("apple", one.apple_devices),
            ("google", one.google_devices),
        )
        for provider, times in copies:
            if times:
                uses.append(Use("left", pass_id, old_type, provider, times))
                uses.append(Use("joined", pass_id, one.pass_type, provider, times))
    await count_usage(tx, uses, now)


def shard_of(pass_id: str) -> int:
    """Tell which of a count's rows a pass is counted in."""
    return zlib.crc32(pass_id.encode()) % SHARDS


def read_window(first: date | None, last: date | None, today: date) -> Window:
    """Complete a window: up to today, 30 days. Raises UsageWindowInvalid when it has no day or more than 366."""
    until = today if last is None else last
    try:
        since = until - timedelta(days=DAYS_DEFAULT - 1) if first is None else first
    except OverflowError:
        since = date.min
    if not 0 <= (until - since).days < DAYS_MAX:
        raise UsageWindowInvalid(DAYS_MAX)
    return Window(since, until)


async def read_statistics(tx: Tx, pass_type: str | None) -> Mapping[str, Figures]:
    """Give the figures of one pass type, or of each that has any, 1000 at most."""
    rows = await usage_queries.sum_by_type(tx, pass_type, TYPES_MAX)
    return {name: _figures([row for row in rows if row.key == name]) for name in dict.fromkeys(r.key for r in rows)}


async def read_totals(tx: Tx) -> Figures:
    """Give the figures of the whole tenant, since its first pass."""
    return _figures(await usage_queries.sum_all(tx))


async def read_days(tx: Tx, window: Window) -> Mapping[date, Figures]:
    """Give what happened on each day of a window; `passes` and `active` are that day's change."""
    rows = await usage_queries.sum_by_day(tx, window.first, window.last)
    by_day: dict[str, list[UsageRow]] = {}
    for row in rows:
        by_day.setdefault(row.key, []).append(row)
    return {day: _figures(by_day.get(day.isoformat(), [])) for day in window.days()}


def _figures(rows: Sequence[UsageRow]) -> Figures:
    counts = Counter[tuple[str, str]]()
    for row in rows:
        counts[row.provider, row.what] += row.count
    return Figures(
        counts["", "created"],
        counts["", "deleted"],
        _standing(counts, "", "created", "deleted"),
        counts["", "scanned"],
        {
            provider: WalletFigures(
                counts[provider, "installed"],
                counts[provider, "uninstalled"],
                _standing(counts, provider, "installed", "uninstalled"),
            )
            for provider in PROVIDERS
        },
    )


def _standing(counts: Mapping[tuple[str, str], int], provider: str, came: What, went: What) -> int:
    # A pass that takes another type leaves the one and joins the other, with its installations.
    return counts[provider, came] + counts[provider, "joined"] - counts[provider, went] - counts[provider, "left"]
