"""Calls on the clock of a tenant that is made to be tested."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from guerdon_client.calls import OK, Answer, Call, path_of, write_headers
from guerdon_client.exact import instant_text, write_json
from guerdon_client.operations import ClientT_co, Operation, Part
from guerdon_client.reading import Members, read_object

CLOCK: Final = ("config", "clock")
CREATED: Final = 201
ACCEPTED: Final = 202


@dataclass(frozen=True, slots=True)
class ClockAdvance:
    """The last advance of a clock; `state` is running, done or cancelled, `posted` counts what fell due on the way."""

    from_at: datetime
    to_at: datetime
    posted: int
    state: str


@dataclass(frozen=True, slots=True)
class TenantClock:
    """What time it is for a tenant; only a sandbox can be frozen."""

    now: datetime
    is_frozen: bool
    is_sandbox: bool
    advance: ClockAdvance | None

    @property
    def is_moving(self) -> bool:
        """Whether an advance is under way."""
        return self.advance is not None and self.advance.state == "running"


def get_clock() -> Call[TenantClock]:
    """Read what time it is, and how far an advance has come."""
    return Call("GET", path_of(*CLOCK), _read_clock)


def freeze_clock(
    at: datetime | None = None, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[TenantClock]:
    """Let the time stand from now on, for good; with `at`, it is advanced to there.

    Raises InvalidRequest, and Conflict, also for a tenant that is no sandbox.
    """
    body = write_json({} if at is None else {"at": instant_text(at)})
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return _write("freeze", CREATED, headers, body)


def advance_clock(to: datetime, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[TenantClock]:
    """Begin to advance the clock; `get` tells when all that fell due on the way is posted.

    Raises InvalidRequest, and Conflict, also for a tenant that is no sandbox.
    """
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return _write("advance", ACCEPTED, headers, write_json({"to": instant_text(to)}))


def stop_clock(*, idempotency_key: str | None = None, dry_run: bool = False) -> Call[TenantClock]:
    """Stop an advance where it is. Raises Conflict, also for a tenant that is no sandbox."""
    return _write("stop", OK, write_headers(idempotency_key, dry_run=dry_run), None)


class Clock(Part[ClientT_co]):
    """The time of a tenant that is made to be tested."""

    get = Operation(get_clock)
    freeze = Operation(freeze_clock)
    advance = Operation(advance_clock)
    stop = Operation(stop_clock)


def _write(verb: str, status: int, headers: dict[str, str], body: bytes | None) -> Call[TenantClock]:
    statuses = frozenset({status})
    path = path_of(*CLOCK, verb)
    return Call("POST", path, _read_clock, headers=headers, body=body, statuses=statuses, needs_key=True)


def _read_clock(answer: Answer) -> TenantClock:
    members = read_object(answer.body)
    now, advance = members.instant("now"), members.find("advance", _read_advance)
    return TenantClock(now, members.flag("frozen"), members.flag("sandbox"), advance)


def _read_advance(members: Members) -> ClockAdvance:
    return ClockAdvance(members.instant("from"), members.instant("to"), members.whole("posted"), members.text("state"))
