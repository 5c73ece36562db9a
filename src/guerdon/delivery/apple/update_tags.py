"""Tags by which a device asks for what has changed since it asked last."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from guerdon.passes.installation import HeldPass

LATE: Final = timedelta(seconds=60)  # no transaction commits later than this after the time that it writes
CHECK_DIGITS: Final = 6
CHECK: Final = 10**CHECK_DIGITS
TAG_PATTERN: Final = "[0-9]{1,14}|[0-9]{18,20}"  # all that `read_tag` reads
SECONDS = re.compile(r"[0-9]{1,11}")
MILLISECONDS = re.compile(r"[0-9]{12,14}")
CHECKED = re.compile(rf"([0-9]{{12,14}})([0-9]{{{CHECK_DIGITS}}})")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Tag:
    """What a device has seen: everything up to a millisecond since 1970, and, in our own tags, which revisions."""

    milliseconds: int
    check: int | None = None


def read_tag(text: str) -> Tag | None:
    """Read a tag: one of ours, epoch milliseconds, or epoch seconds; None when it is neither."""
    ours = CHECKED.fullmatch(text)
    if ours is not None:
        return Tag(int(ours[1]), int(ours[2]))
    if MILLISECONDS.fullmatch(text):
        return Tag(int(text))
    return Tag(int(text) * 1000 + 999) if SECONDS.fullmatch(text) else None


def write_tag(passes: Sequence[HeldPass]) -> str:
    """Write the tag of a device that has seen these passes: the newest change in epoch milliseconds, then six digits.

    The digits sum up the revisions. A change that took its time before another one but committed after it would
    stay unseen by the time alone; the sum tells.
    """
    return f"{max(_milliseconds(one) for one in passes)}{_check(passes):0{CHECK_DIGITS}}"


def changed_since(passes: Sequence[HeldPass], tag: Tag | None) -> list[HeldPass]:
    """Choose the passes that have changed since a tag; all of them without one.

    Never one too few. When a change came late, those that changed in the minute before the tag are chosen too.
    """
    if tag is None:
        return list(passes)
    is_all_seen = tag.check is None or _check(passes) == tag.check
    newer = [one for one in passes if _milliseconds(one) > tag.milliseconds]
    if is_all_seen:
        return newer
    since = tag.milliseconds - LATE // _MILLISECOND
    return [one for one in passes if _milliseconds(one) > since]


def _milliseconds(one: HeldPass) -> int:
    return (one.updated_at - _EPOCH) // _MILLISECOND


def _check(passes: Sequence[HeldPass]) -> int:
    return sum(one.revision for one in passes) % CHECK
